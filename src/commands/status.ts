import { Flags } from '@oclif/core';
import { BaseCommand } from '../lib/cli/base-command.js';
import { verdictExit } from '../lib/cli/checks.js';
import { organizationFlags } from '../lib/cli/organization.js';
import { statusFor } from '../lib/cli/status.js';
import { statusScreen } from '../lib/cli/status-screen.js';

export default class Status extends BaseCommand<typeof Status> {
  static override summary = 'The front page: keys, requests, roster, enforcement, and what needs you now.';
  static override description =
    'Keys with due dates and enforcement; open requests with what is missing and what you can do; the last sign of life of each seat; approval slots; what CloudTrail saw; ledger, backups, drills. Changes nothing. What cannot be looked at is unproven, and the rest is shown. Exit 3 for an error among the findings, and for what is unproven.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --offline',
    '<%= config.bin %> status --as privacy --no-trail --json',
  ];
  static override flags = {
    offline: Flags.boolean({ default: false, description: 'only what this clone has, without the network' }),
    trail: Flags.boolean({
      default: true,
      allowNo: true,
      description: 'ask CloudTrail, which takes about a quarter of a minute; without it, reconciliation is unproven',
    }),
    ...organizationFlags,
  };

  async run() {
    const report = await statusFor(this.context, this.flags);
    this.show(statusScreen(report));
    this.endWith(verdictExit(report.verdict));
    return report;
  }
}
