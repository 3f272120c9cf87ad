import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { runbookFor } from '../../lib/cli/runbook.js';

export default class DrRunbook extends BaseCommand<typeof DrRunbook> {
  static override summary = 'What to do when something is lost, from plan and roster in force.';
  static override description =
    'People, keys, and the way back from each loss, as Markdown. The same plan and roster give the same text. --publish puts it into the repository as runbook.md, where a drill compares it.';
  static override examples = ['<%= config.bin %> dr runbook', '<%= config.bin %> dr runbook --publish'];
  static override flags = {
    publish: Flags.boolean({ default: false, description: 'put it into the repository' }),
  };

  async run() {
    const runbook = await runbookFor(this.context, this.flags.publish);
    this.context.progress.done();
    this.show(runbook.text.trimEnd());
    return { runbook };
  }
}
