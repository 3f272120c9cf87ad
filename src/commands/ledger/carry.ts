import { BaseCommand } from '../../lib/cli/base-command.js';
import { tellLedger } from '../../lib/request/audit.js';

export default class LedgerCarry extends BaseCommand<typeof LedgerCarry> {
  static override summary = "Tell the plan's audit ledger of what the repository's chain has.";
  static override description =
    'Executions do so before they call AWS. This is for a schedule, and for after the ledger could not be reached: run again, it tells of nothing twice.';
  static override examples = ['<%= config.bin %> ledger carry --json'];

  async run() {
    const { ports } = await this.context.desk();
    const state = await this.context.lookUp('remote');
    const { store } = state.plan.plan.ledger;
    const carried = await tellLedger(ports, state);
    const told = carried === 0 ? 'Nothing was new to the audit ledger.' : `${carried} entries carried.`;
    this.show(store === 'git' ? "The plan has no audit ledger beside the repository's chain." : told);
    return { store, carried };
  }
}
