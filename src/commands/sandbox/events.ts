import { BaseCommand } from '../../lib/cli/base-command.js';
import { dataEventsAt, sandboxFlags } from '../../lib/cli/sandbox.js';

export default class SandboxEvents extends BaseCommand<typeof SandboxEvents> {
  static override summary = "The newest S3 data events of the sandbox's CloudTrail, a record a line.";
  static override description =
    'What was written, deleted or changed of objects, or tried, up to 400 calls: data events, which the event history does not have and a trail delivers. In this form `custody ledger ingest --stdin` takes them in.';
  static override examples = [
    '<%= config.bin %> sandbox events | <%= config.bin %> ledger ingest --stdin',
    '<%= config.bin %> sandbox events --json',
  ];
  static override flags = sandboxFlags;

  async run() {
    const records = await dataEventsAt(this.context, this.flags.dir);
    this.show(records.map((record) => JSON.stringify(record)).join('\n'));
    return { records };
  }
}
