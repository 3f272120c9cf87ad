import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { filterFlags, filterOf } from '../../lib/cli/ledger-filter.js';
import { ledgerFlags, offlineFlag, openLedgerPlace } from '../../lib/cli/ledger-place.js';
import { entriesText, entryLine, followEntries, lastEntries } from '../../lib/cli/ledger-show.js';
import { visibleJsonLine } from '../../lib/cli/visible.js';

export default class LedgerShow extends BaseCommand<typeof LedgerShow> {
  static override summary = 'What happened, entry by entry.';
  static override description =
    '--follow goes on with what comes, until it is interrupted (exit 130); with --json one entry a line, without the object around them.';
  static override examples = [
    '<%= config.bin %> ledger show --last 20',
    '<%= config.bin %> ledger show --request r-abcdefghij --json',
    '<%= config.bin %> ledger show --kind usage --since 7d --last 100000',
    '<%= config.bin %> ledger show --follow',
  ];
  static override flags = {
    last: Flags.integer({
      min: 1,
      max: 100_000,
      default: 50,
      description: 'how many entries from the end are looked at',
    }),
    ...filterFlags,
    by: Flags.string({ description: 'only entries by this identity', helpValue: 'ID' }),
    request: Flags.string({ description: 'only entries of this request', helpValue: 'ID' }),
    follow: Flags.boolean({ default: false, description: 'go on with what comes', exclusive: ['offline'] }),
    interval: Flags.integer({
      min: 1,
      max: 3600,
      default: 5,
      description: 'how often --follow looks',
      helpValue: 'SECONDS',
      dependsOn: ['follow'],
    }),
    ...ledgerFlags,
    ...offlineFlag,
  };

  async run() {
    const { reader, clock } = await openLedgerPlace(this.context, this.flags);
    const filter = filterOf(this.flags, clock.now());
    const shown = await lastEntries(reader, this.flags.last, filter);
    if (!this.flags.follow) {
      this.show(entriesText(shown.entries));
      return shown;
    }
    const say = (entry: (typeof shown.entries)[number]) =>
      this.context.printLine(this.jsonEnabled() ? visibleJsonLine(entry) : entryLine(entry));
    shown.entries.forEach(say);
    const open = async () => (await openLedgerPlace(this.context, this.flags)).reader;
    for await (const entry of followEntries(open, shown.head, filter, this.flags.interval)) say(entry);
    return shown;
  }
}
