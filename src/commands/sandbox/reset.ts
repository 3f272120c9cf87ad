import { BaseCommand } from '../../lib/cli/base-command.js';
import { resetAt, sandboxFlags } from '../../lib/cli/sandbox.js';

export default class SandboxReset extends BaseCommand<typeof SandboxReset> {
  static override summary = 'Forget every key and role of a running sandbox, and seed it anew.';
  static override examples = ['<%= config.bin %> sandbox reset --dir ./sandbox'];
  static override flags = sandboxFlags;

  async run() {
    const answer = await resetAt(this.context, this.flags.dir);
    this.show('The sandbox is as new; the profiles keep their access keys.');
    return answer;
  }
}
