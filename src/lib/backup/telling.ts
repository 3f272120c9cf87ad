import type { Digest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import { link, parseEntry } from '../ledger/chain.js';
import type { LedgerEntry, LedgerEvent } from '../ledger/entry.js';
import { ledgerPath } from '../ledger/paths.js';
import { type LedgerTree, ledgerFiles, readLedgerHead, readPresentEntries } from '../ledger/view.js';
import type { Files } from '../record/store.js';
import type { ManifestPredicate } from './manifest.js';

/** What the ledger tells of backups: facts only. */
export interface Told {
  readonly manifest: Pick<ManifestPredicate, 'sequence' | 'complete'>;
  /** Of the manifest's file. */
  readonly digest: Digest;
  /** False: a heartbeat for a backup that was told of before. */
  readonly changed: boolean;
  readonly at: Instant;
  readonly by: string;
}

export function eventOf({ manifest, digest, changed, at, by }: Told): LedgerEvent {
  const facts = { sequence: manifest.sequence, manifest: digest, changed, complete: manifest.complete };
  return { at, kind: 'backup', by, requestId: null, record: null, facts };
}

/** The files that add events to a ledger. */
export async function ledgerAfter(tree: LedgerTree, events: readonly LedgerEvent[]): Promise<Files> {
  const head = await readLedgerHead(tree);
  return ledgerFiles(head, link(events, head).entries);
}

/** What the entries that matter here hold; to parse every entry of a long ledger takes longer than everything else. */
const MARKS = ['"kind":"backup"', '"action":"roster.update"', '"kind":"receipt"'];

/** What a ledger tells of backups, as far as it is there. */
export interface ToldHistory {
  readonly told: readonly ToldBackup[];
  /** The first place where an entry is missing or is none: what it told nobody knows, and what comes after rests on it. */
  readonly gap: string | null;
  /** The last entry; null for an empty ledger. */
  readonly last: string | null;
}

/** Everything that a ledger tells of backups, in its order. @throws CustodyError LEDGER_BROKEN where entries are missing */
export async function toldBackups(tree: LedgerTree): Promise<readonly ToldBackup[]> {
  const { told, gap } = await toldHistory(tree);
  if (gap !== null) throw new CustodyError('LEDGER_BROKEN', `the ledger has no ${gap}`);
  return told;
}

/** The same of a ledger that may have gaps. */
export async function toldHistory(tree: LedgerTree): Promise<ToldHistory> {
  const { entries, gap: missing } = await readPresentEntries(tree);
  const told: ToldBackup[] = [];
  const rosterRequests = new Set<string | null>();
  let roster = 1;
  let gap = missing;
  for (const [place, bytes] of entries) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (!MARKS.some((mark) => text.includes(mark))) continue;
    const path = ledgerPath(place);
    const entry = readEntry(bytes, path);
    if (entry === null) gap = gap === null || path < gap ? path : gap;
    if (entry === null) continue;
    const { kind, facts, by, at, requestId } = entry;
    if (kind === 'request' && facts.action === 'roster.update') rosterRequests.add(requestId);
    if (kind === 'receipt' && facts.outcome === 'executed' && rosterRequests.delete(requestId)) roster++;
    if (kind !== 'backup' || typeof facts.sequence !== 'number') continue;
    const words = `${String(facts.manifest)} ${by} ${at} ${String(facts.complete)}`;
    told.push({ sequence: facts.sequence, changed: facts.changed === true, words, path, roster });
  }
  const end = entries.at(-1);
  return { told, gap, last: end === undefined ? null : ledgerPath(end[0]) };
}

function readEntry(bytes: Uint8Array, path: string): LedgerEntry | null {
  try {
    return parseEntry(bytes, path);
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

/** A backup in the words of the ledger, to be compared. */
export interface Telling {
  readonly sequence: number;
  readonly changed: boolean;
  readonly words: string;
  /** Of the entry. */
  readonly path?: string;
}

/** One that the ledger holds. */
export interface ToldBackup extends Telling {
  /** The version of the roster that was in force when the ledger was told: in its order, whatever anybody dates anything. */
  readonly roster: number;
}

export function tellingOf({ manifest, digest, at, by, changed }: Told): Telling {
  return { sequence: manifest.sequence, changed, words: `${digest} ${by} ${at} ${manifest.complete}` };
}

/** The same thing told of the same backup. */
export function nameOfTelling({ sequence, changed, words }: Telling): string {
  return `${changed ? 'backup' : 'the heartbeat of backup'} ${sequence} (${words})`;
}
