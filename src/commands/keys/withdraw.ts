import { Args, Flags } from '@oclif/core';
import { chooseOne } from '../../lib/cli/ask.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { reasonFlag } from '../../lib/cli/open-flags.js';
import { openIds } from '../../lib/cli/pending.js';
import { dryRunOf, vetoedBy } from '../../lib/cli/veto-result.js';
import { caseOf } from '../../lib/request/desk.js';
import { withdraw } from '../../lib/request/veto.js';

export default class KeysWithdraw extends BaseCommand<typeof KeysWithdraw> {
  static override summary = 'Take back an own request, or an own approval.';
  static override description =
    'The requester takes back the request, another custodian the own approval. --approval takes back the approval of a requester.';
  static override examples = ['<%= config.bin %> keys withdraw r-abcdefghij --reason "not needed any more"'];
  static override args = { id: Args.string({ description: 'request', required: false }) };
  static override flags = {
    approval: Flags.boolean({ default: false, description: "the own approval, even where the request is one's own" }),
    reason: reasonFlag('why, for the other custodians'),
    'dry-run': Flags.boolean({ default: false, description: 'show the request, sign nothing' }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const { ports, actor, state } = seat;
    const id = this.args.id ?? (await chooseOne(this.context.interactive, 'request', await openIds(seat)));
    const what = this.flags.approval ? 'approval' : null;
    const result = this.flags['dry-run']
      ? dryRunOf(await caseOf(ports, state, id), ports.clock.now())
      : await vetoedBy(seat, id, () => withdraw(ports, actor, id, what, this.flags.reason));
    this.context.progress.done();
    this.show(result.text);
    return result.json;
  }
}
