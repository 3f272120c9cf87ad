import type { Digest } from '../base/bytes.js';
import type { Instant } from '../base/time.js';
import { link, parseEntry } from '../ledger/chain.js';
import type { LedgerEvent } from '../ledger/entry.js';
import { ledgerPath } from '../ledger/paths.js';
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

/** Everything that a ledger tells of backups, in its order. */
export async function toldBackups(tree: LedgerTree): Promise<readonly Telling[]> {
  const { size } = await readLedgerHead(tree);
  const told: Telling[] = [];
  for (const [at, bytes] of (await readLedgerEntries(tree, 0, size)).entries()) {
    // To parse every entry of a long ledger takes longer than everything else here; kinds are never free text.
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(MARK)) continue;
    const path = ledgerPath(at);
    const { kind, facts, by, at: when } = parseEntry(bytes, path);
    if (kind !== 'backup' || typeof facts.sequence !== 'number') continue;
    const words = `${String(facts.manifest)} ${by} ${when} ${String(facts.complete)}`;
    told.push({ sequence: facts.sequence, changed: facts.changed === true, words, path });
  }
  return told;
}

/** A backup in the words of the ledger, to be compared. */
export interface Telling {
  readonly sequence: number;
  readonly changed: boolean;
  readonly words: string;
  /** Of the entry. */
  readonly path?: string;
}

export function tellingOf({ manifest, digest, at, by, changed }: Told): Telling {
  return { sequence: manifest.sequence, changed, words: `${digest} ${by} ${at} ${manifest.complete}` };
}

/** The same thing told of the same backup. */
export function nameOfTelling({ sequence, changed, words }: Telling): string {
  return `${changed ? 'backup' : 'the heartbeat of backup'} ${sequence} (${words})`;
}
