import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { trustText, updateTrust } from '../../lib/cli/trust.js';

export default class TrustUpdate extends BaseCommand<typeof TrustUpdate> {
  static override summary = 'Get trusted root and SigningConfig of a Sigstore instance by TUF.';
  static override description =
    'The only command that talks to TUF: everything else verifies with the file whose SHA-256 the plan pins. Writes trusted_root.json beside custody.yaml; it counts once the plan in force names its digest. Where the repository has a SigningConfig v0.2, that becomes signing_config.json there: policy backup goes by it where the plan names no instance, as far as the pinned trusted root knows its services. --mirror is a TUF repository of your own, with the root.json that its operator handed you. --from takes a file that you trust for another reason, and asks nobody. Exit 5 when the repository cannot be reached.';
  static override examples = [
    '<%= config.bin %> trust update',
    '<%= config.bin %> trust update --mirror https://tuf.example.com --root root.json',
    '<%= config.bin %> trust update --from trusted_root.json',
  ];
  static override flags = {
    from: Flags.string({
      description: 'take this file in place of asking',
      helpValue: 'FILE',
      exclusive: ['mirror', 'root'],
    }),
    mirror: Flags.string({ description: 'a TUF repository other than the public-good one', helpValue: 'URL' }),
    root: Flags.string({ description: "the TUF repository's root.json, from someone you trust", helpValue: 'FILE' }),
    out: Flags.string({ description: 'where to write (else beside custody.yaml)', helpValue: 'FILE' }),
  };

  async run() {
    const update = await updateTrust(this.context, this.flags);
    this.show(trustText(update));
    return update;
  }
}
