import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { readGiven } from '../../lib/cli/draft.js';
import { openedText, openFlags, openOne, regionFlag } from '../../lib/cli/open-flags.js';
import { SLOT_CLASSES, SLOTS } from '../../lib/policy/slot.js';
import { policyProposal } from '../../lib/request/access.js';

/** What no policy lets through for good, or only where there is room. */
const OPENED = SLOT_CLASSES.filter((name) => SLOTS[name].stands !== 'standing');
const MAX_POLICY_BYTES = 256 * 1024;

export default class KeysPolicy extends BaseCommand<typeof KeysPolicy> {
  static override summary = "Ask the quorum to replace a key's policy.";
  static override description =
    'Without --file, by the policy that the plan in force gives the key: the remedy when the live one has drifted. A policy that KMS would reject, or after which the executor could put no other one, is refused. Approvers see who gains and who loses which operation.';
  static override examples = [
    '<%= config.bin %> keys policy case-data --reason "somebody changed it past us"',
    '<%= config.bin %> keys policy case-data --file policy.json --in eu-west-1',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    ...regionFlag,
    open: Flags.string({
      description: 'slot class that the policy is to let through for now',
      options: [...OPENED],
      multiple: true,
      exclusive: ['file'],
    }),
    file: Flags.string({ description: "another policy than the plan's, as JSON", helpValue: 'FILE' }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const where = { key: this.args.key, region: this.flags.in ?? null };
    const { file, open = [] } = this.flags;
    const opens = OPENED.filter((name) => open.includes(name));
    const policy = file === undefined ? null : await readGiven(file, MAX_POLICY_BYTES);
    const proposal = await policyProposal(seat, where, policy, how, opens);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }
}
