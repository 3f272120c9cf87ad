import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { importDraft, importText, leftOver } from '../../lib/cli/import.js';
import { writeNew } from '../../lib/cli/write-new.js';

export default class PlanImport extends BaseCommand<typeof PlanImport> {
  static override summary = 'Draft a plan from the keys that an account has already.';
  static override description =
    'Reads keys, aliases, policies, tags and rotation of the Regions, and who used the keys from CloudTrail files where given; writes a custody.yaml for init --from, and says what would have to change to bring each key under the quorum. Changes nothing at AWS. Exit 3 when something could not be read: then the draft is not complete.';
  static override examples = [
    '<%= config.bin %> plan import --custodian architect.json --custodian privacy.json --custodian deputy.json --out plan.yaml',
    '<%= config.bin %> plan import --regions eu-central-1,eu-west-1 --trail events.json --custodian a.json --custodian b.json --custodian c.json',
  ];
  static override flags = {
    custodian: Flags.string({ multiple: true, description: 'public signer file of one custodian', helpValue: 'FILE' }),
    threshold: Flags.integer({ min: 2, default: 2, description: 'how many must sign' }),
    'executor-role': Flags.string({ description: 'IAM role that alone may change keys', helpValue: 'ARN' }),
    regions: Flags.string({ description: "Regions to read, with commas; the plan's primary first", helpValue: 'LIST' }),
    trail: Flags.string({
      multiple: true,
      description: 'CloudTrail log file, answer of LookupEvents, or records line by line',
      helpValue: 'FILE',
    }),
    out: Flags.string({ description: 'where to write the draft; must not exist (else stdout)', helpValue: 'FILE' }),
  };

  async run() {
    const { report, text } = await importDraft(this.context, this.flags);
    this.context.progress.done();
    if (this.flags.out !== undefined) await writeNew(this.flags.out, text);
    if (report.unread.length > 0) this.endWith(3);
    this.show(this.flags.out === undefined ? text : importText(report));
    const complete = report.unread.length === 0;
    return { complete, keys: Object.keys(report.keys), notes: report.notes, ...leftOver(report), draft: text };
  }
}
