import { BaseCommand } from '../../lib/cli/base-command.js';
import { challengeFor, challengeText } from '../../lib/cli/drill-challenge.js';
import { pinFlags } from '../../lib/cli/drill-flags.js';

export default class DrChallenge extends BaseCommand<typeof DrChallenge> {
  static override summary = 'Ask each custodian for a sign of life, ahead of a drill.';
  static override description =
    "Publishes a signed challenge with a random nonce, open for the plan's approval window; each custodian answers it with dr answer, and the next dr verify says who has. One that is open is returned, and no other is asked. A drill with --wait asks one by itself. Custodians and automation identities may ask (docs/drills.md).";
  static override examples = [
    '<%= config.bin %> dr challenge',
    '<%= config.bin %> dr challenge --dry-run',
    '<%= config.bin %> dr challenge --pin pin.json --profile automation',
  ];
  static override flags = pinFlags;

  async run() {
    const result = await challengeFor(this.context, this.flags);
    this.context.progress.done();
    this.show(challengeText(result));
    return result;
  }
}
