import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { verdictExit } from '../../lib/cli/checks.js';
import { guardGiven, guardText } from '../../lib/cli/guard.js';
import { guardSarif } from '../../lib/cli/guard-sarif.js';

export default class PolicyGuard extends BaseCommand<typeof PolicyGuard> {
  static override summary = 'Judge Terraform plans, CloudTrail records and calls by the rules of the guard.';
  static override description =
    'The same policies (Rego, policies/custody) that stand before each call of this tool: nothing of the audit ledger is deleted, shortened or opened, and no key is changed without its quorum. The plan in force says which buckets are the ledger, or a draft (--plan); without either only keys are judged. Needs no AWS. Exit 3 for findings, and for what could not be judged.';
  static override examples = [
    '<%= config.bin %> policy guard --terraform plan.json',
    '<%= config.bin %> policy guard --cloudtrail ./AWSLogs --plan custody.yaml --json',
    '<%= config.bin %> policy guard --bundle custody-bundle.tar.gz',
  ];
  static override flags = {
    terraform: Flags.string({
      multiple: true,
      description: 'a plan as terraform show -json prints it',
      helpValue: 'FILE',
    }),
    cloudtrail: Flags.string({
      multiple: true,
      description: 'CloudTrail log file, packed or not, or a folder of them',
      helpValue: 'FILE|DIR',
    }),
    call: Flags.string({
      multiple: true,
      description: 'one call: {service, operation, purpose, bucket, params, …}',
      helpValue: 'FILE',
    }),
    bundle: Flags.string({
      description: 'write the policies with the plan’s facts as an OPA bundle; never over a file',
      helpValue: 'FILE',
    }),
    plan: Flags.string({ description: 'a draft that says which buckets are the ledger', helpValue: 'FILE' }),
    sarif: Flags.boolean({ default: false, description: 'print SARIF 2.1.0', exclusive: ['json'] }),
  };

  async run() {
    const report = await guardGiven(this.context, this.flags);
    if (this.flags.sarif) this.logJson(guardSarif(report.findings, this.config.version));
    else this.show(guardText(report));
    this.endWith(verdictExit(report.verdict));
    return report;
  }
}
