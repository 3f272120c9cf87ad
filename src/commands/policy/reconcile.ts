import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { verdictExit } from '../../lib/cli/checks.js';
import { reconcileFor, reconcileText } from '../../lib/cli/reconcile.js';

export default class PolicyReconcile extends BaseCommand<typeof PolicyReconcile> {
  static override summary = 'Compare what CloudTrail saw happen to the keys with what a quorum approved.';
  static override description =
    "Every change of a key of the plan needs an executed request, once, by the executor that was named and with the approved parameters; every receipt needs its event; every approval slot its seat's signature. Reads the event history of the plan's Regions (LookupEvents, 90 days), or log files (--trail), then, unless they lie in S3, without AWS. Changes nothing. Exit 3 on any finding, and for what could not be covered.";
  static override examples = [
    '<%= config.bin %> policy reconcile',
    '<%= config.bin %> policy reconcile --since 30d --json',
    '<%= config.bin %> policy reconcile --since 2026-01-01 --trail ./AWSLogs',
    '<%= config.bin %> policy reconcile --since 2026-01-01 --trail s3://trail-bucket/org',
  ];
  static override flags = {
    since: Flags.string({
      description:
        'from when on: 2026-01-31, an instant, or how long ago, as 30d (else since the repository was founded)',
      helpValue: 'TIME',
    }),
    trail: Flags.string({
      multiple: true,
      description:
        'CloudTrail log file, packed or not, a folder of them, or s3://bucket/prefix of a trail, in place of the event history',
      helpValue: 'PATH',
    }),
  };

  async run() {
    const report = await reconcileFor(this.context, this.flags);
    this.show(reconcileText(report));
    this.endWith(verdictExit(report.verdict));
    return report;
  }
}
