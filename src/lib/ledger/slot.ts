import { type Digest, digestHex, digestOf } from '../base/bytes.js';
import { formatCanonical, type JsonValue, parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { integer, nullable, object, type Reader, readFields, where } from '../base/fields.js';
import { digest } from '../base/readers.js';
import { entryDigest } from './entry.js';
import { EntryRow, LENGTH_BYTES, MAX_BATCH_ENTRIES } from './entry-row.js';
import type { LedgerHead } from './store.js';

/** One append may hold MAX_BATCH_ENTRIES entries, and this many bytes; a reader keeps a few of them in memory. */
export const MAX_BATCH_BYTES = 16 * 1024 * 1024;
export const MAX_SLOTS = 1_000_000_000;
export const SLOT_PREFIX = 'slots/';
export const BUNDLE_PREFIX = 'bundles/';

const SLOT_LIMITS = { maxBytes: 1024, maxDepth: 2 };
/** As the two bytes of its length can say. */
const MAX_ENTRY_BYTES = 0xffff;

/**
 * The commit point of one append. It holds digests alone, so that a role that may not read entries still learns what
 * comes before its own.
 */
export interface Slot {
  readonly schema: 1;
  /** SHA-256 of the bundle's bytes, and its name. */
  readonly bundle: Digest;
  /** How many entries the bundle has, 1 or more. */
  readonly count: number;
  /** The sequence of its first entry. */
  readonly first: number;
  /** The digest of its last entry. */
  readonly last: Digest;
  /** The digest of the entry before its first one; null for the first of all. */
  readonly previous: Digest | null;
  /** How far the repository's chain is told of, with this batch. */
  readonly carried: LedgerHead;
}

const SLOT: Reader<Slot> = object({
  schema: where((value): value is 1 => value === 1, 'the number 1'),
  bundle: digest,
  count: integer(1, MAX_BATCH_ENTRIES),
  first: integer(0, 999_999_999),
  last: digest,
  previous: nullable(digest),
  carried: object({ size: integer(0, 999_999_999), digest: nullable(digest) }),
});

/** `slots/<9 digits>`. @throws CustodyError LIMIT_EXCEEDED beyond the last slot that there can be */
export function slotName(number: number): string {
  if (!Number.isSafeInteger(number) || number < 0 || number >= MAX_SLOTS) {
    throw new CustodyError('LIMIT_EXCEEDED', `a ledger has no slot ${number}`);
  }
  return `${SLOT_PREFIX}${String(number).padStart(9, '0')}`;
}

/** The number of a slot's name, the inverse of `slotName`; null for another name. */
export function slotNumber(name: string): number | null {
  const match = /^slots\/(\d{9})$/.exec(name);
  return match ? Number(match[1]) : null;
}

export function bundleName(digest: Digest): string {
  return `${BUNDLE_PREFIX}${digestHex(digest)}`;
}

export function formatSlot(slot: Slot): Uint8Array {
  return Buffer.from(formatCanonical(slot as unknown as JsonValue), 'utf8');
}

/** @throws CustodyError LEDGER_BROKEN for bytes that are not a slot in canonical form */
export function parseSlot(bytes: Uint8Array, name: string): Slot {
  return readFields(SLOT, parseCanonical(bytes, name, SLOT_LIMITS, 'LEDGER_BROKEN'), name, 'LEDGER_BROKEN');
}

/** Null for bytes that are no slot. */
export function readableSlot(bytes: Uint8Array, name: string): Slot | null {
  try {
    return parseSlot(bytes, name);
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

/** Where the chain ends with this slot. */
export function headOf(slot: Slot): LedgerHead {
  return { size: slot.first + slot.count, digest: slot.last };
}

/**
 * What stands in a slot number `number` must go on where the one before ended.
 * @throws CustodyError LEDGER_BROKEN with slot and entry
 */
export function assertFollows(slot: Slot, number: number, before: LedgerHead): void {
  if (slot.first !== before.size) {
    throw brokenSlot(number, before.size, `begins with entry ${slot.first}, expected entry ${before.size}`);
  }
  if (slot.previous !== before.digest) {
    const found = `names ${slot.previous ?? 'none'} as the entry before, expected ${before.digest ?? 'none'}`;
    throw brokenSlot(number, before.size, found);
  }
}

/** The one error for a ledger that does not hold, with the place in it. */
export function brokenSlot(number: number, sequence: number, what: string): CustodyError {
  return new CustodyError('LEDGER_BROKEN', `slot ${number} (entry ${sequence}): ${what}`, {
    details: { slot: number, entry: sequence },
  });
}

/**
 * Entries as an entry bundle of C2SP tlog-tiles: each one's length in two bytes, big-endian, then the entry.
 * @throws CustodyError LIMIT_EXCEEDED for more than one append may hold
 */
export function formatBundle(entries: readonly Uint8Array[]): Uint8Array {
  const size = entries.reduce((sum, entry) => sum + LENGTH_BYTES + entry.length, 0);
  if (entries.length > MAX_BATCH_ENTRIES || size > MAX_BATCH_BYTES) {
    const most = `at most ${MAX_BATCH_ENTRIES} entries and ${MAX_BATCH_BYTES} bytes are`;
    throw new CustodyError('LIMIT_EXCEEDED', `${entries.length} entries in ${size} bytes: ${most} appended at once`);
  }
  const bytes = Buffer.alloc(size);
  let at = 0;
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) {
      throw new CustodyError('LIMIT_EXCEEDED', `an entry has ${entry.length} bytes, at most ${MAX_ENTRY_BYTES}`);
    }
    at = bytes.writeUInt16BE(entry.length, at);
    bytes.set(entry, at);
    at += entry.length;
  }
  return bytes;
}

/** The entries of a bundle; null for bytes that are not whole entries. They share the memory of `bytes`. */
export function parseBundle(bytes: Uint8Array): readonly Uint8Array[] | null {
  const row = new EntryRow(Math.min(MAX_BATCH_ENTRIES, Math.floor(bytes.length / LENGTH_BYTES)));
  if (!row.find(bytes)) return null;
  return Array.from({ length: row.count }, (_, n) => bytes.subarray(row.from(n), row.to(n)));
}

/** Its first entry, whatever comes after; null where not even that is whole. */
export function firstOfBundle(bytes: Uint8Array): Uint8Array | null {
  const row = new EntryRow(1);
  row.find(bytes);
  return row.count === 0 ? null : bytes.subarray(row.from(0), row.to(0));
}

/**
 * The entries of `slot`, out of the bytes that are stored under its bundle's name.
 * @throws CustodyError LEDGER_BROKEN with slot and entry when they are not those that the slot commits to
 */
export function openBundle(bytes: Uint8Array | null, slot: Slot, number: number): readonly Uint8Array[] {
  const broken = (what: string) => brokenSlot(number, slot.first, what);
  if (bytes === null) throw broken(`its bundle ${slot.bundle} is not there`);
  const found = digestOf(bytes);
  if (found !== slot.bundle) throw broken(`its bundle has the digest ${found}, expected ${slot.bundle}`);
  const entries = parseBundle(bytes);
  if (entries === null) throw broken('its bundle is not made of whole entries');
  if (entries.length !== slot.count) throw broken(`its bundle has ${entries.length} entries, expected ${slot.count}`);
  const last = entryDigest(entries.at(-1) ?? new Uint8Array());
  if (last !== slot.last) {
    throw brokenSlot(number, slot.first + slot.count - 1, `is ${last}, expected ${slot.last}`);
  }
  return entries;
}

/** The slot that appends `entries` after `before`, and its bundle. */
export function sealBatch(
  entries: readonly Uint8Array[],
  before: LedgerHead,
  carried: LedgerHead,
): { slot: Slot; bundle: Uint8Array } {
  const bundle = formatBundle(entries);
  const slot: Slot = {
    schema: 1,
    bundle: digestOf(bundle),
    count: entries.length,
    first: before.size,
    last: entryDigest(entries.at(-1) ?? new Uint8Array()),
    previous: before.digest,
    carried,
  };
  return { slot, bundle };
}
