import { BaseCommand } from '../../lib/cli/base-command.js';
import { differenceText } from '../../lib/cli/differences.js';
import { assertDraftInForce } from '../../lib/cli/draft.js';
import { openAll, openedText, openFlags } from '../../lib/cli/open-flags.js';
import { decidedBy } from '../../lib/request/decided.js';
import { casesOf } from '../../lib/request/desk.js';
import { observeEstate } from '../../lib/request/estate.js';
import { knownKeys } from '../../lib/request/known-keys.js';
import { remediesOf } from '../../lib/request/remedies.js';

export default class KeysApply extends BaseCommand<typeof KeysApply> {
  static override summary = 'Open requests for what the plan has and AWS does not.';
  static override description =
    'Compares the plan in force with the live keys and asks the quorum for what would bring them to the plan: keys, aliases, tags, policies, rotation, and for keys that are disabled or about to be deleted though no quorum decided it. While a key is replaced, the policies under which its ciphertexts move are named and left alone: keys replace goes on with them. Changes nothing at AWS by itself. Refuses while custody.yaml differs from the plan in force.';
  static override examples = [
    '<%= config.bin %> keys apply --dry-run',
    '<%= config.bin %> keys apply --reason "first installation"',
  ];
  static override flags = openFlags;

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    await assertDraftInForce(seat.folder, seat.plan);
    const { plan, state, aws, ports } = seat;
    const { cases } = await casesOf(ports, state);
    const observed = await observeEstate(aws.reader, plan, ports.progress, { known: knownKeys(plan, cases) });
    const how = { reason: this.flags.reason, executor: this.flags.executor ?? null };
    const decided = decidedBy(plan, state.roster, cases);
    const { proposals, remaining } = remediesOf(plan, state.roster, observed, decided, how);
    const { requests, failures, exit } = await openAll(seat, proposals, this.flags['dry-run'], (error) =>
      this.complain(error),
    );
    this.endWith(exit);
    if (requests.length > 0 || failures.length === 0)
      this.show(requests.map(openedText).join('\n\n') || 'No request is needed.');
    if (remaining.length > 0)
      this.show(`\nNo request of this version mends these:\n${remaining.map(differenceText).join('\n')}`);
    return { requests: requests.map((item) => item.request ?? item), failures, remaining };
  }
}
