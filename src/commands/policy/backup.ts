import { Flags } from '@oclif/core';
import { backUpFor, backupExit, backupText } from '../../lib/cli/backup.js';
import { BaseCommand } from '../../lib/cli/base-command.js';

export default class PolicyBackup extends BaseCommand<typeof PolicyBackup> {
  static override summary = 'Back up the keys: export, sign, publish.';
  static override description =
    "Policy, tags, names, grants, rotation and public keys of the plan's keys, and the unique ids of the roles that they name; never key material. What is written can be verified with cosign and sha256sum alone (docs/backups.md). Where nothing has changed, only a heartbeat is signed. Exit 3 when anything could not be read: the backup is signed as incomplete, and says what is missing.";
  static override examples = [
    '<%= config.bin %> policy backup',
    '<%= config.bin %> policy backup --all --mirror ssh://git@mirror.example.com/keys.git',
    '<%= config.bin %> policy backup --bundle /media/safe/keys.bundle',
  ];
  static override flags = {
    all: Flags.boolean({
      default: false,
      description: 'every customer key of the account, not only those of the plan',
    }),
    regions: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: "Regions to read (else the plan's)",
      helpValue: 'REGION',
    }),
    mirror: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: "another Git repository to push to, beside the plan's mirrors",
      helpValue: 'URL',
    }),
    bundle: Flags.string({ description: 'also write everything into one file, for a safe', helpValue: 'FILE' }),
    'dry-run': Flags.boolean({ default: false, description: 'read everything; sign and write nothing' }),
  };

  async run() {
    const answer = await backUpFor(this.context, this.flags);
    this.context.progress.done();
    this.show(backupText(answer));
    this.endWith(backupExit(answer));
    return answer;
  }
}
