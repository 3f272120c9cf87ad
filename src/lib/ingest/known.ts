import { isDigest, sha256Hex } from '../base/bytes.js';
import { formatCanonical, parseJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { integer, mapOf, nullable, object, readFields, text, where } from '../base/fields.js';
import { type Instant, isInstant } from '../base/time.js';
import { assertChain, EMPTY_HEAD, headAfter, parseEntry, sameHead, verifyChain } from '../ledger/chain.js';
import type { LedgerHead, LedgerStore } from '../ledger/store.js';
import { IdSet } from './id-set.js';

/** PORT: a file of this machine that only saves time: whatever is wrong with it, the ledger is read instead. */
export interface KnownCache {
  read(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
}

/** What a ledger already holds, up to a head: the ids of its events, and how far each source was read. */
export interface Known {
  readonly ids: IdSet;
  /** By source: until when a run has looked at everything. */
  readonly marks: Map<string, Instant>;
  head: LedgerHead;
}

const AT_ONCE = 1000;

/**
 * What the ledger holds, from the cache as far as that goes and from the entries after it.
 * @throws CustodyError LEDGER_BROKEN when the entries are no chain, and what reading throws
 */
export async function openKnown(store: LedgerStore, cache: KnownCache, tell: (text: string) => void): Promise<Known> {
  const head = await store.head();
  const cached = parseKnown(await cache.read());
  const known = cached !== null && (await isOf(store, cached.head, head)) ? cached : emptyKnown();
  await readOn(store, known, head, tell);
  return known;
}

export function emptyKnown(): Known {
  return { ids: new IdSet(), marks: new Map(), head: EMPTY_HEAD };
}

/** The cache is of this very chain: the entry where it ends is the same. */
async function isOf(store: LedgerStore, cached: LedgerHead, head: LedgerHead): Promise<boolean> {
  if (cached.size > head.size) return false;
  if (cached.size === 0) return sameHead(cached, EMPTY_HEAD);
  const last = await store.read(cached.size - 1, cached.size);
  return headAfter({ size: cached.size - 1, digest: null }, last).digest === cached.digest;
}

/** Takes in the entries from where `known` ends to `head`. @throws CustodyError LEDGER_BROKEN */
export async function readOn(
  store: LedgerStore,
  known: Known,
  head: LedgerHead,
  tell: (text: string) => void,
): Promise<void> {
  const first = known.head.size;
  while (known.head.size < head.size) {
    const from = known.head;
    if (from.size > first) tell(`Reading what the ledger holds: ${from.size} of ${head.size} entries`);
    const stored = await store.read(from.size, Math.min(from.size + AT_ONCE, head.size));
    const report = verifyChain(stored, { from });
    assertChain(report);
    for (const bytes of stored) takeEntry(known, bytes);
    known.head = report.head;
  }
  if (sameHead(known.head, head)) return;
  throw new CustodyError('LEDGER_BROKEN', `the ledger's entries do not lead to its head of ${head.size}`);
}

function takeEntry(known: Known, bytes: Uint8Array): void {
  const { kind, facts } = parseEntry(bytes);
  if (kind === 'usage' && typeof facts.eventId === 'string') known.ids.add(facts.eventId);
  if (kind !== 'ingest' || typeof facts.source !== 'string' || !isInstant(facts.mark)) return;
  keepMark(known, facts.source, facts.mark);
}

/** The latest mark of a source counts. */
export function keepMark({ marks }: Known, source: string, mark: Instant): void {
  const before = marks.get(source);
  if (before === undefined || before < mark) marks.set(source, mark);
}

const HEADER = object({
  schema: where((value): value is 1 => value === 1, '1'),
  size: integer(0, 1_000_000_000),
  digest: nullable(where(isDigest, 'a digest')),
  marks: mapOf(/^.{1,1200}$/su, where(isInstant, 'an instant'), 10_000),
  sum: text({ max: 64, pattern: /^[0-9a-f]{64}$/ }),
});
const LINE_FEED = 0x0a;

/** One line of JSON, then 16 bytes an id; `sum` is the SHA-256 of those. */
export function formatKnown({ ids, marks, head }: Known): Uint8Array {
  const body = ids.toBytes();
  const header = { schema: 1, ...head, marks: Object.fromEntries(marks), sum: sha256Hex(body) };
  return Buffer.concat([Buffer.from(`${formatCanonical(header)}\n`, 'utf8'), body]);
}

/** Null for what is no cache: it is made again. */
export function parseKnown(bytes: Uint8Array | null): Known | null {
  if (bytes === null) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.indexOf(LINE_FEED);
  if (end < 0) return null;
  try {
    const limits = { maxBytes: 16 * 1024 * 1024, maxDepth: 4 };
    const line = parseJson(buffer.subarray(0, end), 'the cache', limits);
    const { size, digest, marks, sum } = readFields(HEADER, line, 'the cache', 'RECORD_MALFORMED');
    const body = buffer.subarray(end + 1);
    if (body.length % 16 !== 0 || sha256Hex(body) !== sum) return null;
    return { ids: IdSet.fromBytes(body), marks: new Map(Object.entries(marks)), head: { size, digest } };
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}
