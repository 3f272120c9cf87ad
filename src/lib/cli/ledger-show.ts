import { setTimeout } from 'node:timers/promises';
import { CustodyError } from '../base/errors.js';
import { entryDigest, type LedgerEntry } from '../ledger/entry.js';
import { type EntryFilter, entriesOf, type LedgerReader } from '../ledger/read.js';
import type { LedgerHead } from '../ledger/store.js';
import { table } from './render.js';
import { visible } from './visible.js';

/** Entries for people, one a line. */
export function entriesText(entries: readonly LedgerEntry[]): string {
  return table(['#', 'at', 'what', 'by', 'request', ''], entries.map(rowOf));
}

function rowOf({ sequence, at, kind, by, requestId, facts }: LedgerEntry): readonly string[] {
  return [String(sequence), at.slice(0, 19), kind, by, requestId ?? '', factText(facts)];
}

/** One entry on one line, for a list that has no end. */
export function entryLine(entry: LedgerEntry): string {
  return visible(rowOf(entry).join('  ').trimEnd());
}

function factText(facts: Readonly<Record<string, unknown>>): string {
  return ['action', 'key', 'outcome', 'enforcement']
    .map((name) => facts[name])
    .filter((value) => typeof value === 'string')
    .join(' ');
}

/** The wanted ones among the last `last` entries. */
export async function lastEntries(reader: LedgerReader, last: number, filter: EntryFilter) {
  const head = await reader.head();
  const entries: LedgerEntry[] = [];
  for await (const entry of entriesOf(reader, { from: Math.max(0, head.size - last), to: head.size }, filter)) {
    entries.push(entry);
  }
  return { head, entries };
}

/**
 * Goes on with what comes after `head`, for ever.
 * @throws CustodyError LEDGER_BROKEN when the ledger does not go on from what was shown
 */
export async function* followEntries(
  open: () => Promise<LedgerReader>,
  head: LedgerHead,
  filter: EntryFilter,
  seconds: number,
): AsyncGenerator<LedgerEntry> {
  for (let seen = head; ; ) {
    await setTimeout(seconds * 1000);
    const reader = await open();
    const next = await reader.head();
    await assertGoesOn(reader, seen, next);
    yield* entriesOf(reader, { from: seen.size, to: next.size }, filter);
    seen = next;
  }
}

async function assertGoesOn(reader: LedgerReader, seen: LedgerHead, next: LedgerHead): Promise<void> {
  if (next.size < seen.size) {
    throw new CustodyError(
      'LEDGER_BROKEN',
      `entry ${seen.size - 1} was there and is gone: the ledger has ${next.size} entries`,
    );
  }
  const [last] = seen.size === 0 ? [] : await reader.read(seen.size - 1, seen.size);
  if (last !== undefined && entryDigest(last) !== seen.digest) {
    throw new CustodyError('LEDGER_BROKEN', `entry ${seen.size - 1} is another one than was shown`);
  }
}
