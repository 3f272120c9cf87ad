import { type Digest, isDigest } from '../base/bytes.js';
import { formatCanonical, type JsonValue, parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { anyObject, integer, nullable, object, oneOf, type Reader, readFields, text, where } from '../base/fields.js';
import { isInstant } from '../base/time.js';
import { ENTRY_KINDS, entryDigest, type LedgerEntry, type LedgerEvent } from './entry.js';
import type { LedgerHead } from './store.js';

/** The chain: every entry names the digest of the bytes before it, so that an edit, a gap or another order shows. */

const LIMITS = { maxBytes: 16 * 1024, maxDepth: 8 };
export const EMPTY_HEAD: LedgerHead = { size: 0, digest: null };

const digest = where(isDigest, 'sha256: and 64 hex characters');

const ENTRY: Reader<LedgerEntry> = object({
  schema: where((value): value is 1 => value === 1, 'the number 1'),
  sequence: integer(0, 999_999_999),
  previous: nullable(digest),
  at: where(isInstant, 'an instant like 2026-01-31T09:00:00.000Z'),
  kind: oneOf(ENTRY_KINDS),
  by: text({
    max: 64,
    pattern: /^[a-z0-9][a-z0-9-]{0,63}$/,
    expected: 'an id of lower-case letters, digits and hyphens',
  }),
  requestId: nullable(text({ max: 12, pattern: /^r-[a-z2-7]{10}$/, expected: 'a request id' })),
  record: nullable(digest),
  facts: anyObject,
});

/**
 * The canonical bytes of an entry; `parseEntry` is the inverse.
 * @throws CustodyError BUG when the entry is not of the shape that `parseEntry` reads
 */
export function formatEntry(entry: LedgerEntry): Uint8Array {
  const checked = readFields(ENTRY, entry, 'ledger entry', 'BUG');
  const bytes = Buffer.from(formatCanonical(checked as unknown as JsonValue), 'utf8');
  if (bytes.length > LIMITS.maxBytes) throw new CustodyError('BUG', `a ledger entry has ${bytes.length} bytes`);
  return bytes;
}

/** @throws CustodyError RECORD_MALFORMED for bytes that are not an entry in canonical form */
export function parseEntry(bytes: Uint8Array, name = 'ledger entry'): LedgerEntry {
  return readFields(ENTRY, parseCanonical(bytes, name, LIMITS), name, 'RECORD_MALFORMED');
}

/** Gives events their place after `head`; the bytes are what a store keeps. */
export function link(
  events: readonly LedgerEvent[],
  head: LedgerHead,
): { entries: readonly Uint8Array[]; head: LedgerHead } {
  const entries: Uint8Array[] = [];
  let { size, digest: previous } = head;
  for (const event of events) {
    const bytes = formatEntry({ ...event, schema: 1, sequence: size, previous });
    entries.push(bytes);
    previous = entryDigest(bytes);
    size++;
  }
  return { entries, head: { size, digest: previous } };
}

/** The head that `entries` lead to from `head`, by their bytes alone: what a store answers after an append. */
export function headAfter(head: LedgerHead, entries: readonly Uint8Array[]): LedgerHead {
  const last = entries.at(-1);
  return last === undefined ? head : { size: head.size + entries.length, digest: entryDigest(last) };
}

export function sameHead(left: LedgerHead, right: LedgerHead): boolean {
  return left.size === right.size && left.digest === right.digest;
}

export interface ChainFault {
  /** The place in the chain, counted by the reader: an entry's own number is part of what is judged. */
  readonly sequence: number;
  readonly message: string;
}

export interface ChainReport {
  /** *unproven* when there was nothing to look at: no evidence is not good evidence (T23, T39). */
  readonly verdict: 'verified' | 'refused' | 'unproven';
  /** Where the stored bytes end. */
  readonly head: LedgerHead;
  /** How many entries were read. */
  readonly count: number;
  /** The first 100 faults. */
  readonly faults: readonly ChainFault[];
}

export interface ChainExpectation {
  /** The head before the first of the stored entries; the empty chain when not given. */
  readonly from?: LedgerHead;
  /** Heads that were seen before, by this machine or in a signed record: the chain must still lead through each (T38). */
  readonly remembered?: readonly LedgerHead[];
}

const MAX_FAULTS = 100;

/** Judges stored bytes, in order. Never throws for what it finds. */
export function verifyChain(stored: Iterable<Uint8Array>, expected: ChainExpectation = {}): ChainReport {
  const from = expected.from ?? EMPTY_HEAD;
  const faults: ChainFault[] = [];
  const wanted = new Map((expected.remembered ?? []).map((head) => [head.size, new Set<Digest | null>()]));
  for (const head of expected.remembered ?? []) wanted.get(head.size)?.add(head.digest);
  let head = from;
  judgeRemembered(head, wanted, faults);
  for (const bytes of stored) {
    judgeEntry(bytes, head, faults);
    head = { size: head.size + 1, digest: entryDigest(bytes) };
    judgeRemembered(head, wanted, faults);
  }
  judgeTail(head, from, wanted, faults);
  const count = head.size - from.size;
  const verdict = faults.length > 0 ? 'refused' : count === 0 ? 'unproven' : 'verified';
  return { verdict, head, count, faults: faults.slice(0, MAX_FAULTS) };
}

function judgeEntry(bytes: Uint8Array, before: LedgerHead, faults: ChainFault[]): void {
  const sequence = before.size;
  const entry = readEntry(bytes, sequence, faults);
  if (entry === null) return;
  if (entry.sequence !== sequence) {
    faults.push({ sequence, message: `expected entry ${sequence}, found entry ${entry.sequence}` });
  }
  if (entry.previous !== before.digest) {
    const found = entry.previous ?? 'none';
    faults.push({ sequence, message: `expected the previous digest ${before.digest ?? 'none'}, found ${found}` });
  }
}

function readEntry(bytes: Uint8Array, sequence: number, faults: ChainFault[]): LedgerEntry | null {
  try {
    return parseEntry(bytes, `entry ${sequence}`);
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    faults.push({ sequence, message: cause.message });
    return null;
  }
}

function judgeRemembered(
  head: LedgerHead,
  wanted: ReadonlyMap<number, ReadonlySet<Digest | null>>,
  faults: ChainFault[],
): void {
  for (const seen of wanted.get(head.size) ?? []) {
    if (seen === head.digest) continue;
    const message = `after ${head.size} entries the remembered digest is ${seen ?? 'none'}, found ${head.digest ?? 'none'}`;
    faults.push({ sequence: Math.max(0, head.size - 1), message });
  }
}

function judgeTail(
  head: LedgerHead,
  from: LedgerHead,
  wanted: ReadonlyMap<number, unknown>,
  faults: ChainFault[],
): void {
  for (const size of wanted.keys()) {
    if (size > head.size) {
      faults.push({
        sequence: head.size,
        message: `the chain ends after ${head.size} entries; ${size} were seen before`,
      });
    }
    if (size < from.size) {
      faults.push({
        sequence: size,
        message: `a head of ${size} entries was remembered; reading began after ${from.size}`,
      });
    }
  }
}

/** @throws CustodyError LEDGER_BROKEN with the faults unless the report says *verified* */
export function assertChain(report: ChainReport): void {
  if (report.verdict === 'verified') return;
  const first = report.faults[0];
  const what = first === undefined ? 'there are no entries' : `entry ${first.sequence}: ${first.message}`;
  throw new CustodyError('LEDGER_BROKEN', `the ledger's chain does not hold: ${what}`, {
    details: { faults: report.faults },
  });
}
