import { EXIT } from '../../lib/base/errors.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { sandboxDir, sandboxFlags, sandboxJson, sandboxText } from '../../lib/cli/sandbox.js';
import { controlSandbox, findSandbox } from '../../lib/sandbox/process.js';

export default class SandboxStatus extends BaseCommand<typeof SandboxStatus> {
  static override summary = 'Whether the sandbox runs, what time it has, which Regions are up.';
  static override description = 'Exit 5 when it does not run.';
  static override examples = ['<%= config.bin %> sandbox status --json'];
  static override flags = sandboxFlags;

  async run() {
    const dir = sandboxDir(this.flags.dir, process.env);
    const info = await findSandbox(dir);
    if (info === null) {
      this.show(`No sandbox runs in ${dir}.`);
      this.endWith(EXIT.unavailable);
      return { sandbox: null, dir };
    }
    const { sandbox: model } = await controlSandbox(dir, 'GET', 'status');
    this.show(`${sandboxText(info)}\n\n${JSON.stringify(model)}`);
    return { sandbox: { ...sandboxJson(info), model } };
  }
}
