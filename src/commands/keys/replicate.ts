import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne } from '../../lib/cli/open-flags.js';
import { replicateProposal } from '../../lib/request/regions.js';

export default class KeysReplicate extends BaseCommand<typeof KeysReplicate> {
  static override summary = 'Ask the quorum to make a planned replica of a multi-Region key.';
  static override description =
    'The replica holds the same key material under a policy, tags and an alias of its own. The policy is always the one that plan and roster give the key in that Region; another one cannot be approved. A Region that the plan does not name is refused: change the plan first.';
  static override examples = ['<%= config.bin %> keys replicate root --to eu-west-1 --reason "second Region"'];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    to: Flags.string({ required: true, description: "the replica's Region", helpValue: 'REGION' }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const proposal = await replicateProposal(seat, this.args.key, this.flags.to, how);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return opened;
  }
}
