import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne } from '../../lib/cli/open-flags.js';
import { promoteProposal } from '../../lib/request/regions.js';

export default class KeysPromote extends BaseCommand<typeof KeysPromote> {
  static override summary = 'Ask the quorum to make a replica the primary of a multi-Region key.';
  static override description =
    "Afterwards the key is rotated, replicated and given new material in that Region; custody finds the primary by itself. Both keys must be Enabled: this is no way out of a Region that is down (a replica encrypts and decrypts without it). While the primary is not the plan's, plan diff says so. To undo it, promote back.";
  static override examples = ['<%= config.bin %> keys promote root --to eu-west-1 --reason "Region move"'];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    to: Flags.string({ required: true, description: 'the Region of the new primary', helpValue: 'REGION' }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const proposal = await promoteProposal(seat, this.args.key, this.flags.to, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }
}
