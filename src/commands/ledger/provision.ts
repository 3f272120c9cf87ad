import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { checksText, verdictExit } from '../../lib/cli/checks.js';
import { provisionLedger } from '../../lib/cli/ledger-provision.js';

export default class LedgerProvision extends BaseCommand<typeof LedgerProvision> {
  static override summary = "The bucket of the plan's audit ledger: checked, made, or written as Terraform.";
  static override description =
    'Without a flag it changes nothing, and exits 3 with what differs. What is there and differs is never changed: only what is missing is made.';
  static override examples = [
    '<%= config.bin %> ledger provision --json',
    '<%= config.bin %> ledger provision --create',
    '<%= config.bin %> ledger provision --terraform ledger-bucket',
  ];
  static override flags = {
    create: Flags.boolean({ default: false, description: 'make what is missing; the policy comes last' }),
    terraform: Flags.string({
      description: 'folder for custody-ledger.tf, which may not be there yet',
      exclusive: ['create'],
      helpValue: 'DIR',
    }),
  };

  async run() {
    const report = await provisionLedger(this.context, this.flags);
    this.context.progress.done();
    const lines = [...report.made.map((line) => `made ${line}`), ...report.files.map((path) => `wrote ${path}`)];
    this.show([...lines, checksText(report.verdict, report.checks)].join('\n'));
    this.endWith(verdictExit(report.verdict));
    return report;
  }
}
