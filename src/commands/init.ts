import { Args, Flags } from '@oclif/core';
import { EXIT } from '../lib/base/errors.js';
import { BaseCommand } from '../lib/cli/base-command.js';
import { foundedText, foundRepository } from '../lib/cli/found.js';
import { draftTextOf } from '../lib/cli/init-draft.js';

export default class Init extends BaseCommand<typeof Init> {
  static override summary = 'Found a custody repository: the ceremony.';
  static override description =
    "Makes plan 1 and roster 1 from a draft (--from), or from the custodians' public signer files (--custodian, one a person), signs genesis as --as and publishes both to --remote, an empty Git repository; a path that does not exist becomes a bare one. The others join and compare the genesis words aloud. At a terminal, what is missing is asked for.";
  static override examples = [
    '<%= config.bin %> init custody --from plan.yaml --remote git@example.com:acme/custody.git --as architect',
    '<%= config.bin %> init custody --custodian architect.json --custodian privacy.json --custodian deputy.json --remote /srv/custody.git --as architect',
  ];
  static override args = { dir: Args.string({ default: '.', description: 'folder to make' }) };
  static override flags = {
    from: Flags.string({ description: 'a draft, custody.yaml', helpValue: 'FILE' }),
    remote: Flags.string({ description: 'the shared Git repository', helpValue: 'URL' }),
    custodian: Flags.string({ multiple: true, description: 'public signer file of one custodian', helpValue: 'FILE' }),
    threshold: Flags.integer({ min: 2, default: 2, description: 'how many must sign (with --custodian)' }),
    'executor-role': Flags.string({
      description: 'IAM role that alone may change keys (else role/custody-executor)',
      helpValue: 'ARN',
    }),
    interlock: Flags.boolean({
      default: false,
      description: 'put the keys under the approval interlock, with roles named beside the executor',
    }),
    'app-role': Flags.string({ description: 'IAM role of the application (else role/app)', helpValue: 'ARN' }),
    replicas: Flags.string({ description: "Regions of the root key's replicas, with commas", default: 'eu-west-1' }),
    witness: Flags.string({ description: 'who watched the ceremony' }),
    'dry-run': Flags.boolean({ default: false, description: 'print the draft, make nothing' }),
  };

  async run() {
    const text = await draftTextOf(this.context, this.flags);
    if (this.flags['dry-run']) {
      this.show(text);
      return { dryRun: true, draft: text };
    }
    const founded = await foundRepository(
      this.context,
      this.args.dir,
      text,
      this.flags.remote,
      this.flags.witness ?? null,
    );
    this.context.progress.done();
    this.show(foundedText(founded));
    this.endWith(EXIT.ok);
    return founded;
  }
}
