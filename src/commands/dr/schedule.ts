import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { scheduleFor } from '../../lib/cli/drill-schedule.js';

export default class DrSchedule extends BaseCommand<typeof DrSchedule> {
  static override summary = 'Print a CI job that drills every quarter.';
  static override description =
    'A complete job for GitHub Actions, GitLab CI or cron: credentials by OIDC federation, no stored secret, the report kept as an artifact, and a second job that fails when the next drill is about to be late. Roles and addresses are those of the plan and the roster in force.';
  static override examples = ['<%= config.bin %> dr schedule --github > .github/workflows/drill.yml'];
  static override flags = {
    github: Flags.boolean({ default: false, description: 'a workflow of GitHub Actions' }),
    gitlab: Flags.boolean({ default: false, description: 'jobs of GitLab CI' }),
    cron: Flags.boolean({ default: false, description: 'lines of a crontab' }),
    automation: Flags.string({ description: 'identity of the roster that signs (else the first)', helpValue: 'ID' }),
  };

  async run() {
    const schedule = await scheduleFor(this.context, this.flags);
    this.context.progress.done();
    this.show(schedule.text.trimEnd());
    return { schedule };
  }
}
