import { Args, Flags } from '@oclif/core';
import { confirmName } from '../../lib/cli/ask.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { lossesText, openedText, openFlags, openOne, regionFlag } from '../../lib/cli/open-flags.js';
import { stateProposal } from '../../lib/request/state-change.js';

export default class KeysDelete extends BaseCommand<typeof KeysDelete> {
  static override summary = 'Ask the quorum to delete a key, with everything that is encrypted under it.';
  static override description =
    'Shows what would be lost: last use, grants, aliases, keys below it, replicas. After the quorum and its cool-off the key cannot be used, and 30 days later it is gone; until then any one custodian cancels it. Of a multi-Region key the replicas go first.';
  static override examples = [
    '<%= config.bin %> keys delete telemetry-short --reason "the buckets are gone"',
    '<%= config.bin %> keys delete root --in eu-west-1 --confirm root',
    '<%= config.bin %> keys delete case-data --dry-run',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    ...regionFlag,
    confirm: Flags.string({ description: "the key's name again; asked for at a terminal", helpValue: 'NAME' }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const { confirm, reason, executor, in: where, 'dry-run': dryRun } = this.flags;
    const how = { reason, executor: executor ?? null };
    const proposal = await stateProposal(seat, 'key.delete', this.args.key, where, how);
    const preview = await openOne(seat, proposal, true);
    this.context.progress.done();
    this.show(lossesText(preview) ?? openedText(preview));
    // An open request for it is only named again.
    if (dryRun || preview.request) return preview;
    await confirmName(this.context.interactive, confirm, proposal.key?.name ?? '', 'ask for its deletion');
    const opened = await openOne(seat, proposal, false);
    this.show(openedText(opened));
    return opened;
  }
}
