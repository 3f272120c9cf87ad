import { Flags } from '@oclif/core';
import { verifyBackupsFor, verifyText } from '../../lib/cli/backup-verify.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { verdictExit } from '../../lib/cli/checks.js';

export default class PolicyVerify extends BaseCommand<typeof PolicyVerify> {
  static override summary = 'Verify all backups of the keys, from the first one on.';
  static override description =
    'Every signature by those who were listed at its time, sequence and chain, every file of every backup, what this machine has seen before, whether the newest is complete and fresh; and the ledger that tells of them. Needs no AWS. Exit 3 unless all of it is verified: no backup at all is not.';
  static override examples = ['<%= config.bin %> policy verify', '<%= config.bin %> policy verify --since 120 --json'];
  static override flags = {
    since: Flags.integer({ min: 1, description: 'judge from this backup on (else all)', helpValue: 'SEQ' }),
    offline: Flags.boolean({ default: false, description: 'only what this clone has, without the network' }),
  };

  async run() {
    const report = await verifyBackupsFor(this.context, this.flags);
    this.context.progress.done();
    this.show(verifyText(report));
    this.endWith(verdictExit(report.verdict));
    return report;
  }
}
