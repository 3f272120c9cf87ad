import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { checksText, verdictExit } from '../../lib/cli/checks.js';
import { verifyLedger } from '../../lib/inspect/ledger.js';

export default class LedgerVerify extends BaseCommand<typeof LedgerVerify> {
  static override summary = 'Verify the whole hash chain, and that every record is told of.';
  static override description = 'Exit 3 unless the ledger is verified: an empty or shortened one is not.';
  static override examples = ['<%= config.bin %> ledger verify --json'];
  static override flags = {
    offline: Flags.boolean({ default: false, description: 'only what this clone has, without the network' }),
  };

  async run() {
    const state = await this.context.lookUp(this.flags.offline ? 'local' : 'remote-if-reachable');
    const report = await verifyLedger(state.view);
    this.show(checksText(report.verdict, report.checks));
    this.endWith(verdictExit(report.verdict));
    return report;
  }
}
