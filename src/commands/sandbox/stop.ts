import { BaseCommand } from '../../lib/cli/base-command.js';
import { sandboxFlags, stopAt } from '../../lib/cli/sandbox.js';

export default class SandboxStop extends BaseCommand<typeof SandboxStop> {
  static override summary = 'Stop the sandbox; its state stays.';
  static override examples = ['<%= config.bin %> sandbox stop --dir ./sandbox'];
  static override flags = sandboxFlags;

  async run() {
    const result = await stopAt(this.context, this.flags.dir);
    this.show(result.stopped ? 'Stopped.' : 'No sandbox was running.');
    return result;
  }
}
