import { type Instant, millisOf } from '../base/time.js';
import { EMPTY_HEAD } from './chain.js';
import type { ObjectHistory, ObjectStore } from './objects.js';
import { assertFollows, BUNDLE_PREFIX, bundleName, headOf, parseSlot, SLOT_PREFIX, slotNumber } from './slot.js';

/** What an audit of the stored objects can find (T40). */
export const OBJECT_FAULTS = ['overwritten', 'deleted', 'unretained', 'short'] as const;
export type ObjectFault = (typeof OBJECT_FAULTS)[number];

export interface ObjectFinding {
  readonly name: string;
  readonly fault: ObjectFault;
  /** First and last of the entries that depend on the object; null for what holds no entry, such as a tile. */
  readonly entries: { readonly first: number; readonly last: number } | null;
  readonly message: string;
}

export interface RetentionAsked {
  /** Each object must be held for so long from its creation. */
  readonly days: number;
}

const MILLIS_PER_DAY = 86_400_000;
/** The writer asks by its own clock, the store notes its own; a clock that is wrong by more signs no request. */
const CLOCK_MILLIS = 15 * 60 * 1000;

/**
 * What is wrong with how one object is kept. Pure.
 * @param asked null for a store that knows no retention, such as a folder
 */
export function judgeHistory(
  history: ObjectHistory,
  asked: RetentionAsked | null,
): readonly Omit<ObjectFinding, 'entries'>[] {
  const { name, versions, deleteMarkers } = history;
  const found: Omit<ObjectFinding, 'entries'>[] = [];
  if (deleteMarkers > 0 || versions === 0) {
    const what = versions === 0 ? 'no version is left' : `${deleteMarkers} delete markers lie over it`;
    found.push({ name, fault: 'deleted', message: `${name}: ${what}; somebody has tried to delete it` });
  }
  if (versions > 1) {
    found.push({ name, fault: 'overwritten', message: `${name}: ${versions} versions, expected one` });
  }
  if (asked !== null && versions > 0) found.push(...judgeRetention(history, asked));
  return found;
}

function judgeRetention(
  { name, createdAt, retainedUntil }: ObjectHistory,
  { days }: RetentionAsked,
): readonly Omit<ObjectFinding, 'entries'>[] {
  if (retainedUntil === null) {
    return [{ name, fault: 'unretained', message: `${name}: not held in COMPLIANCE mode; it can be deleted` }];
  }
  if (createdAt === null) {
    return [{ name, fault: 'short', message: `${name}: held until ${retainedUntil}, but not known since when` }];
  }
  if (millisOf(retainedUntil) + CLOCK_MILLIS >= millisOf(createdAt) + days * MILLIS_PER_DAY) return [];
  const message = `${name}: held from ${createdAt} until ${retainedUntil}, expected ${days} days`;
  return [{ name, fault: 'short', message }];
}

export interface AuditedObjects {
  readonly count: number;
  readonly findings: readonly ObjectFinding[];
  /** Until when every object is held, at least; null when one is not, or when there is none. */
  readonly retainedUntil: Instant | null;
}

/** More are counted, not listed: memory must not grow with an attacker's work. */
const MAX_FINDINGS = 1000;

/**
 * Looks at every object of a ledger as its store has kept it, and says which entries a finding concerns.
 * @throws CustodyError DENIED for a role that may not list versions: nothing is proven then; LEDGER_BROKEN for a slot that
 * is none
 */
export async function auditObjects(objects: ObjectStore, asked: RetentionAsked | null): Promise<AuditedObjects> {
  const ranges = new Map<string, { first: number; last: number }>();
  const faulty: Omit<ObjectFinding, 'entries'>[] = [];
  let count = 0;
  let retainedUntil: Instant | null | undefined;
  for await (const history of objects.histories('')) {
    count++;
    if (faulty.length < MAX_FINDINGS) faulty.push(...judgeHistory(history, asked));
    if (retainedUntil === undefined) retainedUntil = history.retainedUntil;
    else if (history.retainedUntil === null) retainedUntil = null;
    else if (retainedUntil !== null && history.retainedUntil < retainedUntil) retainedUntil = history.retainedUntil;
  }
  const wanted = new Set(faulty.map(({ name }) => name).filter((name) => hasEntries(name)));
  if (wanted.size > 0) await collectRanges(objects, wanted, ranges);
  const findings = faulty.map((finding) => ({ ...finding, entries: ranges.get(finding.name) ?? null }));
  return { count, findings, retainedUntil: retainedUntil ?? null };
}

function hasEntries(name: string): boolean {
  return name.startsWith(SLOT_PREFIX) || name.startsWith(BUNDLE_PREFIX);
}

/** Slots tell which entries they and their bundles hold; they are read once more, only when something was found. */
async function collectRanges(
  objects: ObjectStore,
  wanted: ReadonlySet<string>,
  ranges: Map<string, { first: number; last: number }>,
): Promise<void> {
  let head = EMPTY_HEAD;
  for await (const name of objects.list(SLOT_PREFIX)) {
    const number = slotNumber(name);
    const bytes = number === null ? null : await objects.read(name);
    if (number === null || bytes === null) continue;
    const slot = parseSlot(bytes, name);
    assertFollows(slot, number, head);
    head = headOf(slot);
    const range = { first: slot.first, last: slot.first + slot.count - 1 };
    for (const one of [name, bundleName(slot.bundle)]) if (wanted.has(one)) ranges.set(one, range);
  }
}
