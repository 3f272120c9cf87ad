import { BaseCommand } from '../../lib/cli/base-command.js';
import { assertDraftInForce } from '../../lib/cli/draft.js';
import { openAll, openedText, openFlags } from '../../lib/cli/open-flags.js';
import { table } from '../../lib/cli/render.js';
import { diffPlan } from '../../lib/plan/diff.js';
import { expectationsOf, observeEstate, remediesOf } from '../../lib/request/estate.js';

export default class KeysApply extends BaseCommand<typeof KeysApply> {
  static override summary = 'Open requests for what the plan has and AWS does not.';
  static override description =
    'Compares the plan in force with the live keys and asks the quorum for keys, aliases, replicas and rotation that are missing. Changes nothing at AWS by itself. Refuses while custody.yaml differs from the plan in force.';
  static override examples = [
    '<%= config.bin %> keys apply --dry-run',
    '<%= config.bin %> keys apply --reason "first installation"',
  ];
  static override flags = openFlags;

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    await assertDraftInForce(seat.folder, seat.plan);
    const { plan, state, aws, ports } = seat;
    const observed = await observeEstate(aws.reader, plan, ports.progress);
    const differences = diffPlan(plan, observed, expectationsOf(plan, state.roster));
    const { proposals, remaining } = remediesOf(
      plan,
      state.roster,
      observed,
      differences,
      this.flags.reason,
      this.flags.executor ?? null,
    );
    const { requests, failures, exit } = await openAll(seat, proposals, this.flags['dry-run']);
    this.endWith(exit);
    this.show(requests.map(openedText).join('\n\n') || 'The live keys are as the plan says.');
    if (remaining.length > 0) {
      this.show(
        `\nNo request of this version mends these:\n${table(
          ['key', 'region', 'what', 'expected', 'found'],
          remaining.map(({ key, region, kind, expected, found }) => [key, region, kind, expected, found]),
        )}`,
      );
    }
    return { requests: requests.map((item) => item.request ?? item), failures, remaining };
  }
}
