import { BaseCommand } from '../../lib/cli/base-command.js';
import { sandboxDir, sandboxFlags } from '../../lib/cli/sandbox.js';
import { controlSandbox } from '../../lib/sandbox/process.js';

export default class SandboxReset extends BaseCommand<typeof SandboxReset> {
  static override summary = 'Forget every key and role of a running sandbox, and seed it anew.';
  static override examples = ['<%= config.bin %> sandbox reset --dir ./sandbox'];
  static override flags = sandboxFlags;

  async run() {
    const answer = await controlSandbox(sandboxDir(this.flags.dir, process.env), 'POST', 'reset');
    this.show('The sandbox is as new; the profiles keep their access keys.');
    return answer;
  }
}
