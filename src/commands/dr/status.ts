import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { drillStatusFor, statusExit, statusText } from '../../lib/cli/drill-history.js';

export default class DrStatus extends BaseCommand<typeof DrStatus> {
  static override summary = 'Is the last verified drill young enough?';
  static override description =
    "Compares it with the plan's drillPeriod. From 14 days before that it is due. Needs no AWS. Exit 3 when it is overdue, was never made, or the line of drills is not whole.";
  static override examples = ['<%= config.bin %> dr status', '<%= config.bin %> dr status --fail-when-due --json'];
  static override flags = {
    'fail-when-due': Flags.boolean({ default: false, description: 'exit 3 within the 14 days before, too (for CI)' }),
  };

  async run() {
    const answer = await drillStatusFor(this.context);
    this.context.progress.done();
    this.show(statusText(answer));
    this.endWith(statusExit(answer, this.flags['fail-when-due']));
    return answer;
  }
}
