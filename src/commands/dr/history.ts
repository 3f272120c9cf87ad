import { BaseCommand } from '../../lib/cli/base-command.js';
import { drillHistoryFor, historyExit, historyText } from '../../lib/cli/drill-history.js';

export default class DrHistory extends BaseCommand<typeof DrHistory> {
  static override summary = 'All drills with recovery time and recovery point.';
  static override description =
    'Verifies the signature of each, that each follows the one before, and that the ledger tells of it. Needs no AWS. Exit 3 when one is missing or altered.';
  static override examples = ['<%= config.bin %> dr history', '<%= config.bin %> dr history --json'];

  async run() {
    const answer = await drillHistoryFor(this.context);
    this.context.progress.done();
    this.show(historyText(answer));
    this.endWith(historyExit(answer));
    return answer;
  }
}
