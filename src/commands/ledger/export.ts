import { Flags } from '@oclif/core';
import { CustodyError } from '../../lib/base/errors.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import {
  EXPORT_FORMATS,
  type ExportFormat,
  exportEntries,
  exportToFile,
  toStdout,
} from '../../lib/cli/ledger-export.js';
import { filterFlags, filterOf } from '../../lib/cli/ledger-filter.js';
import { ledgerFlags, offlineFlag, openLedgerPlace } from '../../lib/cli/ledger-place.js';
import { entriesOf } from '../../lib/ledger/read.js';

export default class LedgerExport extends BaseCommand<typeof LedgerExport> {
  static override summary = 'Write the entries of a ledger as JSON lines or CSV.';
  static override description =
    'Entries are written as they are read. JSON lines are the stored bytes, from which every digest can be computed again. In CSV a field that a spreadsheet would run as a formula begins with an apostrophe. The export is no proof: verify the ledger, or prove entries.';
  static override examples = [
    '<%= config.bin %> ledger export --format jsonl',
    '<%= config.bin %> ledger export --format csv --kind usage --since 90d --out usage.csv',
  ];
  static override flags = {
    ...ledgerFlags,
    ...offlineFlag,
    ...filterFlags,
    format: Flags.option({ options: EXPORT_FORMATS, required: true, description: 'how they are written' })(),
    out: Flags.string({ description: 'a new file (else standard output)', helpValue: 'FILE' }),
  };

  async run() {
    const { out } = this.flags;
    const format: ExportFormat = this.flags.format;
    if (out === undefined && this.jsonEnabled())
      throw new CustodyError('INPUT_MISSING', '--json answers for a file: give --out FILE');
    const { reader, name, clock } = await openLedgerPlace(this.context, this.flags);
    const filter = filterOf(this.flags, clock.now());
    const head = await reader.head();
    const entries = entriesOf(reader, { from: 0, to: head.size }, filter);
    const count =
      out === undefined ? await exportEntries(entries, format, toStdout) : await exportToFile(entries, format, out);
    if (out !== undefined) this.show(`${count} of ${head.size} entries in ${out}`);
    return { ledger: name, format, entries: count, head, path: out ?? null };
  }
}
