import { isDigest } from '../base/bytes.js';
import { parseJson } from '../base/canonical-json.js';
import { integer, list, nullable, object, optional, readFields, type Shaped, text, where } from '../base/fields.js';
import { isInstant } from '../base/time.js';
import type { ScanStart } from './scan.js';
import { foldPeaks, hashBytes, hashOfBytes, peakCount, type TreeHash } from './tree.js';

const digest = where(isDigest, 'sha256: and 64 hex characters');
const hex = text({ max: 64, pattern: /^[0-9a-f]{64}$/, expected: '64 hex characters' });
const shape = {
  schema: where((value): value is 1 => value === 1, '1'),
  /** How many entries were verified, and the root of the tree over them. */
  size: integer(1, 1_000_000_000),
  root: hex,
  /** The full subtrees of the tree, the largest first: a later look goes on from them. */
  peaks: list(hex, { min: 1, max: 30 }),
  /** The digest of the last entry. */
  digest: nullable(digest),
  /** How many slots they lie in, and one digest over all of these slots; 0 for a ledger without slots. */
  slots: integer(0, 1_000_000_000),
  slotsDigest: nullable(digest),
  /** Whether the form of each entry was judged, too. */
  forms: where((value): value is boolean => typeof value === 'boolean', 'true or false'),
  /** Roots at sizes that custodians signed, as they were found. */
  roots: optional(list(object({ size: integer(0, 1_000_000_000), root: hex }), { max: 256 })),
  at: where(isInstant, 'an instant like 2026-01-31T09:00:00.000Z'),
};

/** What a machine remembers of a ledger that it found whole: the ledger must go on from there for ever (T38). */
export type RememberedLedger = Shaped<typeof shape>;

/** PORT: where a machine keeps it. */
export interface LedgerMemory {
  read(): Promise<RememberedLedger | null>;
  write(value: RememberedLedger): Promise<void>;
}

const remembered = object(shape);

/** @throws CustodyError STORAGE */
export function parseRememberedLedger(bytes: Uint8Array, what: string): RememberedLedger {
  return readFields(remembered, parseJson(bytes, what, undefined, 'STORAGE'), what, 'STORAGE');
}

export function formatRememberedLedger(value: RememberedLedger): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
}

/** The roots that are remembered, at their sizes. */
export function rootsOf({ size, root, roots = [] }: RememberedLedger): ReadonlyMap<number, TreeHash> {
  const known = [{ size, root }, ...roots];
  return new Map(known.map((one) => [one.size, hashOfBytes(Buffer.from(one.root, 'hex')) ?? '']));
}

/** Where a scan goes on; null for a memory whose parts do not fit each other. */
export function startOf({ size, root, digest: last, peaks }: RememberedLedger): ScanStart | null {
  const hashes = peaks.map((peak) => hashOfBytes(Buffer.from(peak, 'hex')) ?? '');
  if (hashes.length !== peakCount(size) || hexOf(foldPeaks(hashes)) !== root) return null;
  return { size, digest: last, peaks: hashes };
}

export function hexOf(hash: string): string {
  return hashBytes(hash).toString('hex');
}
