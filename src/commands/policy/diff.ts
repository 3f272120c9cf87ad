import { Args, Flags } from '@oclif/core';
import { diffFor, diffText } from '../../lib/cli/backup-diff.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { verdictExit } from '../../lib/cli/checks.js';

export default class PolicyDiff extends BaseCommand<typeof PolicyDiff> {
  static override summary = 'What has changed since a backup: who gains and who loses what.';
  static override description =
    'The newest backup against live keys; --from takes an earlier one, --to compares with a later backup in place of KMS, then without AWS. Policies are compared by what they let people do, everything else field by field. Exit 3 when there is a difference, and when something could not be read.';
  static override examples = [
    '<%= config.bin %> policy diff',
    '<%= config.bin %> policy diff case-data --from 12 --to 14',
  ];
  static override args = { key: Args.string({ description: 'name, alias or key id (else every key)' }) };
  static override flags = {
    from: Flags.integer({ min: 1, description: 'the backup to compare from (else the newest)', helpValue: 'SEQ' }),
    to: Flags.integer({ min: 1, description: 'the backup to compare with (else live keys)', helpValue: 'SEQ' }),
  };

  async run() {
    const report = await diffFor(this.context, this.args.key, this.flags);
    this.context.progress.done();
    const { plan } = (await this.context.lookUp('local')).plan;
    this.show(diffText(report, plan.account));
    this.endWith(verdictExit(report.verdict));
    return report;
  }
}
