import { BaseCommand } from '../../lib/cli/base-command.js';
import { sandboxDir, sandboxFlags } from '../../lib/cli/sandbox.js';
import { stopSandbox } from '../../lib/sandbox/process.js';

export default class SandboxStop extends BaseCommand<typeof SandboxStop> {
  static override summary = 'Stop the sandbox; its state stays.';
  static override examples = ['<%= config.bin %> sandbox stop --dir ./sandbox'];
  static override flags = sandboxFlags;

  async run() {
    const dir = sandboxDir(this.flags.dir, process.env);
    const stopped = await stopSandbox(dir);
    this.show(stopped ? 'Stopped.' : 'No sandbox was running.');
    return { dir, stopped };
  }
}
