import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne } from '../../lib/cli/open-flags.js';
import { replaceJson, replaceText } from '../../lib/cli/replace-screen.js';
import { lookAtReplacement, replaceProposal } from '../../lib/request/replace.js';

export default class KeysReplace extends BaseCommand<typeof KeysReplace> {
  static override summary = 'Answer a compromised key: a new one in its place, step by step.';
  static override description =
    "Material that AWS KMS made cannot be removed alone, so the key is replaced: new key, ciphertexts moved, name moved, old key disabled and deleted, each step under its own request. Shows how far it is, from AWS and the records, and opens the request of the next step; run it again after each one. In between, roles that may decrypt move the ciphertexts with keys rewrap --from. custody has no list of what is encrypted: --moved is a person's word that everything was moved, and stands in the reason of the request that moves the name. A name goes on with its last replacement; to replace the new key as well, give its id.";
  static override examples = [
    '<%= config.bin %> keys replace case-data --reason "laptop with backups stolen"',
    '<%= config.bin %> keys replace case-data --moved',
    '<%= config.bin %> keys replace case-data --dry-run',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    moved: Flags.boolean({ default: false, description: 'everything that I know of was moved to the new key' }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const moved = this.flags.moved ? { by: seat.actor.identity.id } : null;
    const found = await lookAtReplacement(seat, this.args.key, moved);
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const opened = found.ask && (await openOne(seat, replaceProposal(found, moved, how), this.flags['dry-run']));
    const replace = replaceJson(found, opened);
    this.show(replaceText(replace));
    if (opened) this.show(`\n${openedText(opened)}`);
    if (replace.steps.some(({ status }) => status === 'waits')) this.endWith(8);
    return { replace, ...opened };
  }
}
