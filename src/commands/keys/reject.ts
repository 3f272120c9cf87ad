import { Args, Flags } from '@oclif/core';
import { chooseOne } from '../../lib/cli/ask.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { reasonFlag } from '../../lib/cli/open-flags.js';
import { openIds } from '../../lib/cli/pending.js';
import { dryRunOf, vetoedBy } from '../../lib/cli/veto-result.js';
import { caseOf } from '../../lib/request/desk.js';
import { reject } from '../../lib/request/veto.js';

export default class KeysReject extends BaseCommand<typeof KeysReject> {
  static override summary = 'End an open request: any one custodian may.';
  static override examples = ['<%= config.bin %> keys reject r-abcdefghij --reason "wrong key"'];
  static override args = { id: Args.string({ description: 'request', required: false }) };
  static override flags = {
    reason: reasonFlag('why, for the other custodians'),
    'dry-run': Flags.boolean({ default: false, description: 'show the request, sign nothing' }),
  };

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const { ports, actor, state } = seat;
    const id = this.args.id ?? (await chooseOne(this.context.interactive, 'request', await openIds(seat)));
    const result = this.flags['dry-run']
      ? dryRunOf(await caseOf(ports, state, id), ports.clock.now())
      : await vetoedBy(seat, id, () => reject(ports, actor, id, this.flags.reason));
    this.context.progress.done();
    this.show(result.text);
    return result.json;
  }
}
