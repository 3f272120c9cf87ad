import { Args } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openedText, openFlags, openOne, regionFlag } from '../../lib/cli/open-flags.js';
import { receiptJson, requestJson } from '../../lib/cli/present.js';
import { pairs } from '../../lib/cli/render.js';
import { cancelDeletion } from '../../lib/request/cancel-deletion.js';
import { stateProposal } from '../../lib/request/state-change.js';

const { reason, 'dry-run': dryRun } = openFlags;

export default class KeysCancelDeletion extends BaseCommand<typeof KeysCancelDeletion> {
  static override summary = 'Stop the deletion of a key: any one custodian may, at once.';
  static override description =
    'A veto: opens, signs and executes in one go, with your own seat’s credentials. The key stays disabled; enabling it (keys enable) is for the quorum.';
  static override examples = [
    '<%= config.bin %> keys cancel-deletion case-data --reason "still in use"',
    '<%= config.bin %> keys cancel-deletion root --in eu-west-1',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = { reason, 'dry-run': dryRun, ...regionFlag };

  async run() {
    const seat = await this.context.seat('remote');
    const how = { reason: this.flags.reason, executor: null };
    const proposal = await stateProposal(seat, 'key.cancel-deletion', this.args.key, this.flags.in, how);
    if (this.flags['dry-run']) {
      const shown = await openOne(seat, proposal, true);
      this.show(openedText(shown));
      return shown;
    }
    const { case: found, receipt, created } = await cancelDeletion(seat.ports, seat.actor, seat.aws, proposal);
    this.context.progress.done();
    this.show(
      pairs([
        ['cancelled', `the deletion of ${proposal.key?.name} in ${proposal.region}, by ${found.id}`],
        ['key', proposal.key?.arn ?? ''],
        ['now', `Disabled; custody keys enable ${proposal.key?.name} asks the quorum to enable it`],
      ]),
    );
    return { request: requestJson(found), receipt: receiptJson(receipt, found.id), created, pushed: true };
  }
}
