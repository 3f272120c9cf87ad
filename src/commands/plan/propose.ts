import { EXIT } from '../../lib/base/errors.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { planChangeText } from '../../lib/cli/differences.js';
import { draftChanges, readDraftOf } from '../../lib/cli/draft.js';
import { openedText, openFlags, openOne } from '../../lib/cli/open-flags.js';
import { planProposal } from '../../lib/request/open.js';

export default class PlanPropose extends BaseCommand<typeof PlanPropose> {
  static override summary = 'Open the request that puts custody.yaml in force.';
  static override description = 'The whole plan is in the request; it is judged by the rules in force and by its own.';
  static override examples = ['<%= config.bin %> plan propose --reason "telemetry rotates every 60 days"'];
  static override flags = openFlags;

  async run() {
    const seat = await this.context.seat('remote-if-reachable');
    const changes = await draftChanges(seat.folder, seat.plan);
    if (changes.length === 0) {
      this.show('custody.yaml is the plan in force: there is nothing to propose.');
      this.endWith(EXIT.ok);
      return { changes };
    }
    const { plan } = await readDraftOf(seat.folder);
    const proposal = planProposal(seat.state.plan, plan, this.flags.reason, this.flags.executor ?? null);
    this.show(`${changes.map(planChangeText).join('\n')}\n`);
    const opened = await openOne(seat, proposal, this.flags['dry-run']);
    this.show(openedText(opened));
    return { ...opened, changes };
  }
}
