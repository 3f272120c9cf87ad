import { Args } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { advanceBy, sandboxFlags } from '../../lib/cli/sandbox.js';

export default class SandboxAdvance extends BaseCommand<typeof SandboxAdvance> {
  static override summary = "Move the sandbox's clock forward.";
  static override description = 'What falls due on the way happens: rotations, deletions, expiries.';
  static override examples = ['<%= config.bin %> sandbox advance 90d', '<%= config.bin %> sandbox advance 5m'];
  static override args = { duration: Args.string({ required: true, description: '90s, 15m, 24h or 7d' }) };
  static override flags = sandboxFlags;

  async run() {
    const answer = await advanceBy(this.context, this.flags.dir, this.args.duration);
    this.show(`It is ${(answer.sandbox as { now: string }).now} in the sandbox.`);
    return answer;
  }
}
