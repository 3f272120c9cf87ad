import { BaseCommand } from '../lib/cli/base-command.js';
import { checksText, verdictExit } from '../lib/cli/checks.js';
import { examine } from '../lib/cli/doctor.js';

export default class Doctor extends BaseCommand<typeof Doctor> {
  static override summary = "What is wrong with this machine's set-up.";
  static override description =
    'Looks at programs, the clone, the remote, the memory of this machine, AWS, the clock and your signer; changes nothing. Exit 3 when something is wrong or could not be looked at.';
  static override examples = ['<%= config.bin %> doctor --as architect --profile architect'];

  async run() {
    const report = await examine(this.context);
    this.context.progress.done();
    this.show(checksText(report.verdict, report.checks));
    this.endWith(verdictExit(report.verdict));
    return report;
  }
}
