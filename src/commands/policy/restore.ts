import { Args, Flags } from '@oclif/core';
import { restoreFor, restoreText } from '../../lib/cli/backup-restore.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { openFlags, regionFlag } from '../../lib/cli/open-flags.js';

export default class PolicyRestore extends BaseCommand<typeof PolicyRestore> {
  static override summary = "Ask the quorum to bring a key's policy back from a backup.";
  static override description =
    'Opens a request, as every change of a key. The screen shows what it changes against the live policy and against the newest backup, and says where an older, weaker policy would return. A policy that names a role which is gone, or was made again since, is refused. A key that was deleted and made again is found by its alias. Names, tags, rotation and grants that differ are listed with the command that asks for each.';
  static override examples = [
    '<%= config.bin %> policy restore case-data --reason "somebody changed it past us"',
    '<%= config.bin %> policy restore case-data --from 12 --dry-run',
  ];
  static override args = { key: Args.string({ description: 'name, alias, key id or ARN', required: true }) };
  static override flags = {
    ...openFlags,
    ...regionFlag,
    from: Flags.integer({ min: 1, description: 'which backup (else the newest)', helpValue: 'SEQ' }),
  };

  async run() {
    const { reason, executor = null, from = null, 'dry-run': dryRun } = this.flags;
    const wish = { key: this.args.key, region: this.flags.in ?? null, from, how: { reason, executor } };
    const answer = await restoreFor(this.context, wish, dryRun);
    this.context.progress.done();
    this.show(restoreText(answer, answer.restore.key.arn.split(':')[4] ?? ''));
    return answer;
  }
}
