import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { verdictExit } from '../../lib/cli/checks.js';
import { ingestFor, ingestText } from '../../lib/cli/ingest.js';

const SOURCE = { exactlyOne: ['lookup', 's3', 'directory', 'stdin'] };

export default class LedgerIngest extends BaseCommand<typeof LedgerIngest> {
  static override summary = "Take CloudTrail's events about the keys of the plan into the audit ledger.";
  static override description =
    "From the event history (--lookup), the log files of a trail in S3 or in a folder, or lines of JSON on standard input. Log files are taken in as CloudTrail's signed digests list them; what was edited, taken away, put in, or is not covered is reported. An event is written once, however often it comes and however many machines take it in. Exit 3 for what cannot be read and what is not proven.";
  static override examples = [
    '<%= config.bin %> ledger ingest --lookup',
    '<%= config.bin %> ledger ingest --s3 s3://trail-bucket/org --since 7d --json',
    '<%= config.bin %> ledger ingest --directory ./logs --public-keys keys.json',
  ];
  static override flags = {
    lookup: Flags.boolean({ ...SOURCE, description: "the event history of the plan's Regions, 90 days" }),
    s3: Flags.string({
      ...SOURCE,
      helpValue: 's3://BUCKET/PREFIX',
      description: 'log files and digests of a trail in S3; its Region is --region, else the primary one',
    }),
    directory: Flags.string({ ...SOURCE, helpValue: 'DIR', description: 'log files and digests copied to a folder' }),
    stdin: Flags.boolean({
      ...SOURCE,
      description: 'lines of JSON: records, EventBridge events, or {"Records": […]}',
    }),
    since: Flags.string({
      helpValue: 'TIME',
      description:
        'only events from then on: 2026-01-31, an instant, or 30d (else a day before where the last run of this source ended)',
    }),
    until: Flags.string({ helpValue: 'TIME', description: 'only events before then (else all that is there)' }),
    digests: Flags.option({
      options: ['required', 'reported'] as const,
      default: 'required' as const,
      description: 'take in only what a digest proves, or also what nothing proves, each entry saying so',
    })(),
    'public-keys': Flags.string({
      helpValue: 'FILE',
      description:
        "CloudTrail's public keys, as `aws cloudtrail list-public-keys` prints them (else asked of CloudTrail)",
    }),
  };

  async run() {
    const { 'public-keys': publicKeys, ...flags } = this.flags;
    const report = await ingestFor(this.context, { ...flags, publicKeys });
    this.show(ingestText(report));
    this.endWith(verdictExit(report.verdict));
    return report;
  }
}
