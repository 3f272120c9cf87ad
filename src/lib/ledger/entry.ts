import { type Digest, digestFromHex } from '../base/bytes.js';
import type { JsonObject } from '../base/canonical-json.js';
import type { Instant } from '../base/time.js';
import { hashBytes, leafHash, type TreeHash } from './tree.js';

/**
 * What kinds of things are written to the ledger: records as they are published, then what only an audit ledger holds:
 * uses of keys, runs that took them in, and decisions of the guard.
 */
export const ENTRY_KINDS = [
  'genesis',
  'ceremony',
  'request',
  'approval',
  'rejection',
  'withdrawal',
  'intent',
  'receipt',
  'heartbeat',
  'plan',
  'roster',
  'backup',
  'drill',
  'challenge',
  'answer',
  'copy',
  'usage',
  'ingest',
  'guard',
] as const;

export type EntryKind = (typeof ENTRY_KINDS)[number];

/** One canonical JSON file. The chain hashes the stored bytes: `previous` is the digest of the entry before, as it was written. */
export interface LedgerEntry {
  readonly schema: 1;
  /** 0 for the first entry. */
  readonly sequence: number;
  readonly previous: Digest | null;
  readonly at: Instant;
  readonly kind: EntryKind;
  /** Custodian or automation id. */
  readonly by: string;
  readonly requestId: string | null;
  /** SHA-256 of the record file that the entry tells of. */
  readonly record: Digest | null;
  /** A few more facts for a reader (action, key, outcome); never a secret, never free text. */
  readonly facts: JsonObject;
}

/** An entry before it has a place in the chain. */
export type LedgerEvent = Omit<LedgerEntry, 'schema' | 'sequence' | 'previous'>;

/**
 * The digest of an entry's stored bytes, by which the next one, slots and memories name it. It is the leaf hash of RFC 6962
 * section 2.1, SHA-256(0x00 ‖ bytes): one hash makes the link and the leaf of the tree, and none of a record or a node is one.
 */
export function entryDigest(stored: Uint8Array): Digest {
  return digestOfLeaf(leafHash(stored));
}

export function digestOfLeaf(leaf: TreeHash): Digest {
  return digestFromHex(hashBytes(leaf).toString('hex'));
}
