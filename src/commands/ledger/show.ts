import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { table } from '../../lib/cli/render.js';
import { parseEntry } from '../../lib/ledger/chain.js';
import { ENTRY_KINDS } from '../../lib/ledger/entry.js';
import { readLedgerEntries, readLedgerHead } from '../../lib/ledger/view.js';

export default class LedgerShow extends BaseCommand<typeof LedgerShow> {
  static override summary = 'What happened, entry by entry.';
  static override examples = [
    '<%= config.bin %> ledger show --last 20',
    '<%= config.bin %> ledger show --request r-abcdefghij --json',
  ];
  static override flags = {
    last: Flags.integer({
      min: 1,
      max: 100_000,
      default: 50,
      description: 'how many entries from the end are looked at',
    }),
    kind: Flags.string({ options: [...ENTRY_KINDS], description: 'only entries of this kind' }),
    request: Flags.string({ description: 'only entries of this request', helpValue: 'ID' }),
    offline: Flags.boolean({ default: false, description: 'only what this clone has, without the network' }),
  };

  async run() {
    const { view } = await this.context.lookUp(this.flags.offline ? 'local' : 'remote-if-reachable');
    const head = await readLedgerHead(view);
    const stored = await readLedgerEntries(view, Math.max(0, head.size - this.flags.last), head.size);
    const entries = stored
      .map((bytes) => parseEntry(bytes))
      .filter(({ kind }) => this.flags.kind === undefined || kind === this.flags.kind)
      .filter(({ requestId }) => this.flags.request === undefined || requestId === this.flags.request);
    const rows = entries.map(({ sequence, at, kind, by, requestId, facts }) => [
      String(sequence),
      at.slice(0, 19),
      kind,
      by,
      requestId ?? '',
      factText(facts),
    ]);
    this.show(table(['#', 'at', 'what', 'by', 'request', ''], rows));
    return { head, entries };
  }
}

function factText(facts: Readonly<Record<string, unknown>>): string {
  return ['action', 'key', 'outcome', 'enforcement']
    .map((name) => facts[name])
    .filter((value) => typeof value === 'string')
    .join(' ');
}
