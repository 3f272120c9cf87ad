import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { answerFor } from '../../lib/cli/drill-answer.js';

export default class DrAnswer extends BaseCommand<typeof DrAnswer> {
  static override summary = 'Prove that you are there: sign the challenge and the list of who has access.';
  static override description =
    'A challenge is asked by dr challenge, or by a drill that waits; nobody could have signed it before. What is signed is shown first: its digest and nonce, and the list. The list names seats, roles with the digest of who may enter them, grants, and services that policies name. An answer is no approval of anything (docs/drills.md). Without a terminal, --reviewed names the challenge and the list that were looked at.';
  static override examples = [
    '<%= config.bin %> dr answer',
    '<%= config.bin %> dr answer --list',
    '<%= config.bin %> dr answer --reviewed sha256:…',
  ];
  static override flags = {
    list: Flags.boolean({ default: false, description: 'show challenge, list and their digest; sign nothing' }),
    reviewed: Flags.string({
      description: 'digest of the challenge and list that were looked at',
      helpValue: 'DIGEST',
    }),
  };

  async run() {
    const answer = await answerFor(this.context, this.flags, (text) => this.show(text));
    if (answer.path !== null) this.show(`\nSigned: ${answer.path}`);
    return { answer };
  }
}
