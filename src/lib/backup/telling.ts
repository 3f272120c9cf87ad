import type { Digest } from '../base/bytes.js';
import type { Instant } from '../base/time.js';
import { link, parseEntry } from '../ledger/chain.js';
import type { LedgerEvent } from '../ledger/entry.js';
import { type LedgerTree, ledgerFiles, readLedgerEntries, readLedgerHead } from '../ledger/view.js';
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

const MARK = '"kind":"backup"';

/** Backups that a ledger tells of, by sequence; each entry as `tellingOf` writes it, more than one where it is told of twice. */
export async function toldBackups(tree: LedgerTree): Promise<ReadonlyMap<number, readonly string[]>> {
  const { size } = await readLedgerHead(tree);
  const told = new Map<number, readonly string[]>();
  for (const bytes of await readLedgerEntries(tree, 0, size)) {
    // To parse every entry of a long ledger takes longer than everything else here; kinds are never free text.
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(MARK)) continue;
    const { kind, facts, by, at } = parseEntry(bytes);
    if (kind !== 'backup' || facts.changed !== true || typeof facts.sequence !== 'number') continue;
    const telling = `${String(facts.manifest)} ${by} ${at} ${String(facts.complete)}`;
    told.set(facts.sequence, [...(told.get(facts.sequence) ?? []), telling]);
  }
  return told;
}

/** A backup in the words of the ledger, to be compared. */
export function tellingOf({ manifest, digest, at, by }: Omit<Told, 'changed'>): string {
  return `${digest} ${by} ${at} ${manifest.complete}`;
}
