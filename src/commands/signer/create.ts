import { Flags } from '@oclif/core';
import { CustodyError } from '../../lib/base/errors.js';
import { isAlgorithmName } from '../../lib/base/signature.js';
import { orAsk } from '../../lib/cli/ask.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { pairs } from '../../lib/cli/render.js';
import { createKms, createLocal, seatOf, signerText } from '../../lib/cli/signers.js';
import { DUTIES } from '../../lib/roster/roster.js';

/** A key in KMS is always of this kind: every Region and every verifier has it. */
const KMS_ALGORITHM = 'ecdsa-p256-sha256';

export default class SignerCreate extends BaseCommand<typeof SignerCreate> {
  static override summary = "Make a custodian's signing key and print its public part.";
  static override description =
    "kms: an ECC_NIST_P256 key in AWS KMS with which only this seat's IAM role may sign. local: a key on this machine, encrypted under a passphrase (asked for, or from --passphrase-fd). The JSON result is what `custody init --custodian FILE` takes; nothing in it is secret.";
  static override examples = [
    '<%= config.bin %> signer create --as architect --name "Ada Example" --duty SecurityArchitect --profile architect --json > architect.json',
    '<%= config.bin %> signer create --as privacy --duty PrivacyEngineer --type local --role-arn arn:aws:iam::111122223333:role/PrivacyEngineer',
  ];
  static override flags = {
    type: Flags.string({
      options: ['kms', 'local'] as const,
      default: 'kms',
      description: 'where the private half lives',
    }),
    name: Flags.string({ description: 'name of the person' }),
    duty: Flags.string({ options: DUTIES, description: 'which role of the plan the person has' }),
    'role-arn': Flags.string({ description: "the seat's IAM role (else that of the AWS credentials)" }),
    algorithm: Flags.string({
      options: ['ecdsa-p256-sha256', 'ed25519'] as const,
      default: 'ecdsa-p256-sha256',
      description: 'of a local key',
    }),
    'dry-run': Flags.boolean({ default: false, description: 'show what would be made' }),
  };

  async run() {
    const { type, algorithm } = this.flags;
    if (!isAlgorithmName(algorithm)) throw new CustodyError('USAGE', `no such algorithm: ${algorithm}`);
    const { interactive } = this.context;
    const id = await orAsk(
      this.context.flags.as,
      interactive,
      '--as',
      'Id of the custodian (a SourceIdentity at AWS), like architect:',
    );
    const name = await orAsk(this.flags.name, interactive, '--name', 'Name of the person:');
    const duty = await orAsk(this.flags.duty, interactive, '--duty', `Role (${DUTIES.join(' or ')}):`);
    if (!DUTIES.some((known) => known === duty))
      throw new CustodyError('USAGE', `--duty is one of ${DUTIES.join(', ')}`);
    const seat = await seatOf(this.context, { id, name, duty, roleArn: this.flags['role-arn'] });
    if (this.flags['dry-run'])
      return this.planned({ ...seat, type, algorithm: type === 'kms' ? KMS_ALGORITHM : algorithm });
    const signer =
      type === 'kms' ? await createKms(this.context, seat) : await createLocal(this.context, seat, algorithm);
    this.context.progress.done();
    this.show(signerText(signer));
    return { signer };
  }

  private planned(signer: Readonly<Record<string, string>>) {
    this.show(`Would make:\n${pairs(Object.entries(signer))}`);
    return { dryRun: true, signer };
  }
}
