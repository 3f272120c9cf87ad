import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { verdictExit } from '../../lib/cli/checks.js';
import { lintGiven, lintText } from '../../lib/cli/lint.js';
import { sarifOf } from '../../lib/cli/sarif.js';

export default class PolicyLint extends BaseCommand<typeof PolicyLint> {
  static override strict = false;
  static override summary = 'Find what KMS refuses in key policies, and what is dangerous in them.';
  static override description =
    'Files of key policies, for which no repository is needed, or keys of the plan, live in each Region (all of them when nothing is named). Exit 3 for errors and warnings.';
  static override examples = [
    '<%= config.bin %> policy lint key-policy.json',
    '<%= config.bin %> policy lint policies/key-*.json --sarif > findings.sarif',
    '<%= config.bin %> policy lint root',
  ];
  static override args = { what: Args.string({ description: 'files, or names or aliases of keys' }) };
  static override flags = {
    sarif: Flags.boolean({ default: false, description: 'print SARIF 2.1.0', exclusive: ['json'] }),
  };

  async run() {
    const report = await lintGiven(this.context, this.words);
    if (this.flags.sarif) this.logJson(sarifOf(report.findings, this.config.version));
    else this.show(lintText(report));
    this.endWith(verdictExit(report.verdict));
    return report;
  }
}
