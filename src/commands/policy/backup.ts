import { Flags } from '@oclif/core';
import { backUpFor, backupExit, backupText } from '../../lib/cli/backup.js';
import { SIGN_MODES } from '../../lib/cli/backup-signing.js';
import { BaseCommand } from '../../lib/cli/base-command.js';

import { IDENTITIES } from '../../lib/cli/statement-signer.js';

export default class PolicyBackup extends BaseCommand<typeof PolicyBackup> {
  static override summary = 'Back up the keys: export, sign, publish.';
  static override description =
    "Policy, tags, names, grants, rotation and public keys of the plan's keys, and the unique ids of the roles that they name; never key material. What is written can be verified with cosign and sha256sum alone (docs/backups.md). Where nothing has changed, only a heartbeat is signed. Exit 3 when anything could not be read: the backup is signed as incomplete, and says what is missing.";
  static override examples = [
    '<%= config.bin %> policy backup',
    '<%= config.bin %> policy backup --all --mirror ssh://git@mirror.example.com/keys.git',
    '<%= config.bin %> policy backup --sign keyless',
    '<%= config.bin %> policy backup --sign keyless --signing-config signing_config.json',
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
    sign: Flags.option({ options: SIGN_MODES })({
      default: 'key',
      description: "with the key that the roster lists for who acts, or as an identity of the plan's sigstore section",
    }),
    witness: Flags.boolean({
      default: false,
      description: "with a key: also an entry of the plan's log and a timestamp",
    }),
    identity: Flags.option({ options: IDENTITIES })({
      description: 'where the identity of --sign keyless comes from (else a browser at a terminal, ambient elsewhere)',
    }),
    'signing-config': Flags.string({
      description:
        'where the Sigstore instance is today: services that the pinned trusted root knows (else as the plan says, else signing_config.json of trust update)',
      helpValue: 'FILE',
    }),
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
