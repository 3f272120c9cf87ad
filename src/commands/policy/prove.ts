import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { verdictExit } from '../../lib/cli/checks.js';
import { organizationFlags } from '../../lib/cli/organization.js';
import { proofText, proveFor } from '../../lib/cli/prove.js';

export default class PolicyProve extends BaseCommand<typeof PolicyProve> {
  static override summary = 'Prove over key policies who can change a key, and that nobody does so alone.';
  static override description =
    "Live policies, grants and roles of the plan's keys; or rendered files (--dir); or anyone's key policy (--policy with --account), for which no repository is needed. A claim that does not hold is shown with who breaks it and by which statement. Changes nothing. Exit 3 unless every claim is held.";
  static override examples = [
    '<%= config.bin %> policy prove',
    '<%= config.bin %> policy prove root --scp scp.json --json',
    '<%= config.bin %> policy prove --dir policies',
    '<%= config.bin %> policy prove --policy key-policy.json --account 111122223333 --roles account.json',
  ];
  static override args = { key: Args.string({ description: 'name or alias of a key of the plan (else all)' }) };
  static override flags = {
    policy: Flags.string({ description: 'a key policy', helpValue: 'FILE', exclusive: ['dir'] }),
    dir: Flags.string({ description: 'folder of files that policy render wrote', helpValue: 'DIR' }),
    account: Flags.string({ description: "the key's account, for --policy", helpValue: 'ID' }),
    roles: Flags.string({
      description: 'what aws iam get-account-authorization-details prints',
      helpValue: 'FILE',
    }),
    ...organizationFlags,
  };

  async run() {
    const report = await proveFor(this.context, this.args.key, this.flags);
    this.show(proofText(report));
    this.endWith(verdictExit(report.verdict));
    return report;
  }
}
