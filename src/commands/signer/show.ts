import { Args } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { pairs } from '../../lib/cli/render.js';
import { showSigner } from '../../lib/cli/signer-show.js';

export default class SignerShow extends BaseCommand<typeof SignerShow> {
  static override summary = 'The public part of a signing key.';
  static override description =
    'KEY is the ARN of a KMS key or the key id of a key on this machine; without it, the key of --as in the roster in force.';
  static override examples = ['<%= config.bin %> signer show --as architect', '<%= config.bin %> signer show sha256:…'];
  static override args = { key: Args.string({ description: 'ARN or sha256: key id', required: false }) };

  async run() {
    const signer = await showSigner(this.context, this.args.key);
    this.show(
      `${pairs([
        ['key', signer.keyId],
        ['algorithm', signer.algorithm],
        ['home', signer.home],
      ])}\n\n${signer.pem.trimEnd()}`,
    );
    return { signer };
  }
}
