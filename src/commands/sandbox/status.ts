import { EXIT } from '../../lib/base/errors.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { sandboxFlags, sandboxStatus } from '../../lib/cli/sandbox.js';

export default class SandboxStatus extends BaseCommand<typeof SandboxStatus> {
  static override summary = 'Whether the sandbox runs, what time it has, which Regions are up.';
  static override description = 'Exit 5 when it does not run.';
  static override examples = ['<%= config.bin %> sandbox status --json'];
  static override flags = sandboxFlags;

  async run() {
    const { dir, found } = await sandboxStatus(this.context, this.flags.dir);
    this.show(found?.text ?? `No sandbox runs in ${dir}.`);
    if (!found) this.endWith(EXIT.unavailable);
    return { dir, sandbox: found?.json ?? null };
  }
}
