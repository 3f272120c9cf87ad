import { Args } from '@oclif/core';
import { CustodyError } from '../../lib/base/errors.js';
import { parseDuration } from '../../lib/base/time.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { sandboxDir, sandboxFlags } from '../../lib/cli/sandbox.js';
import { controlSandbox } from '../../lib/sandbox/process.js';

export default class SandboxAdvance extends BaseCommand<typeof SandboxAdvance> {
  static override summary = "Move the sandbox's clock forward.";
  static override description = 'What falls due on the way happens: rotations, deletions, expiries.';
  static override examples = ['<%= config.bin %> sandbox advance 90d', '<%= config.bin %> sandbox advance 5m'];
  static override args = { duration: Args.string({ required: true, description: '90s, 15m, 24h or 7d' }) };
  static override flags = sandboxFlags;

  async run() {
    const seconds = parseDuration(this.args.duration);
    if (seconds === null)
      throw new CustodyError('USAGE', `not a duration like 90s, 15m, 24h or 7d: ${this.args.duration}`);
    const answer = await controlSandbox(sandboxDir(this.flags.dir, process.env), 'POST', 'advance', { seconds });
    const { now } = answer.sandbox as { now: string };
    this.show(`It is ${now} in the sandbox.`);
    return answer;
  }
}
