import { type Digest, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { readAhead } from './ahead.js';
import { carriedAfter, tellsOfRepository } from './carried.js';
import { EMPTY_HEAD, sameHead } from './chain.js';
import { isRefused, type ObjectStore, readOrNone } from './objects.js';
import type { LedgerScan } from './scan.js';
import {
  assertFollows,
  bundleName,
  parseBundle,
  parseSlot,
  readableSlot,
  SLOT_PREFIX,
  type Slot,
  slotName,
  slotNumber,
} from './slot.js';
import type { LedgerHead } from './store.js';

/** How far a walk over slots has come. */
export interface SlotPlace {
  readonly slots: number;
  /** One digest over the slots so far: SHA-256 of the one before and the bytes of the slot. */
  readonly digest: Digest | null;
}

export const FIRST_SLOT: SlotPlace = { slots: 0, digest: null };

const PARALLEL = 4;
/** Entries that wait in memory at most: some 4 MB of usual ones. */
const MAX_WAITING_ENTRIES = 8_192;
/** Most bundles fit; of what is not written to, the system gives nothing. */
const ROOM_BYTES = 4 * 1024 * 1024;

interface Placed {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly slot: Slot;
}

/**
 * Reads slots from `from` on, up to slot `until` (exclusive) or the last, and gives their entries to the scan. It ends at
 * the first slot that does not hold: what comes after has no number any more. That becomes a fault of the scan.
 */
export async function walkSlots(
  objects: ObjectStore,
  scan: LedgerScan,
  from: SlotPlace,
  until = Number.POSITIVE_INFINITY,
): Promise<SlotPlace> {
  let place = from;
  let carried = await carriedBefore(objects, from.slots);
  try {
    for await (const placed of bundlesOf(objects, scan.head, from, until)) {
      const { number, slot, bundle } = placed;
      takeBundle(scan, placed);
      carried = assertCarried(scan, number, slot, bundle, carried);
      place = placeAfter(place, placed);
    }
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code !== 'LEDGER_BROKEN') throw cause;
    const entry = cause.details?.entry;
    scan.fault(typeof entry === 'number' ? entry : scan.head.size, cause.message);
  }
  return place;
}

/**
 * Whether the first slots are those that were walked before, and their bundles those that they name: then every byte is
 * the same as it was, by the digest of each bundle and the one over the slots. What is wrong is for a walk to say.
 */
export async function isAsBefore(objects: ObjectStore, before: SlotPlace): Promise<boolean> {
  let place = FIRST_SLOT;
  try {
    for await (const placed of bundlesOf(objects, EMPTY_HEAD, FIRST_SLOT, before.slots)) {
      if (placed.bundle === null || digestOf(placed.bundle) !== placed.slot.bundle) return false;
      place = placeAfter(place, placed);
    }
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'LEDGER_BROKEN') return false;
    throw cause;
  }
  return place.slots === before.slots && place.digest === before.digest;
}

/** Slots with their bundles, which lie in memory that is used again: they are gone when the next one is asked for. */
async function* bundlesOf(objects: ObjectStore, head: LedgerHead, from: SlotPlace, until: number) {
  const rooms: Buffer[] = [];
  const limits = { parallel: PARALLEL, budget: MAX_WAITING_ENTRIES, weigh: ({ slot }: Placed) => slot.count };
  const open = async (placed: Placed) => {
    const room = rooms.pop() ?? Buffer.allocUnsafeSlow(ROOM_BYTES);
    return { ...placed, room, ...(await readBundle(objects, placed.slot, room)) };
  };
  for await (const placed of readAhead(slotsOf(objects, head, from, until), open, limits)) {
    yield placed;
    rooms.push(placed.room);
  }
}

/** Null, with what it is instead, for one that is not there or cannot be read. */
async function readBundle(objects: ObjectStore, slot: Slot, room: Buffer) {
  const name = bundleName(slot.bundle);
  try {
    const bundle = await objects.read(name, room);
    return { bundle, missing: `no bundle: ${name} is not there` };
  } catch (cause) {
    if (!isRefused(cause)) throw cause;
    return { bundle: null, missing: `no bundle that can be read: ${cause.message}` };
  }
}

function placeAfter({ digest }: SlotPlace, { number, bytes }: Placed): SlotPlace {
  return { slots: number + 1, digest: digestOf(Buffer.concat([Buffer.from(digest ?? ''), bytes])) };
}

/** Slots in order, each checked against the one before. */
async function* slotsOf(
  objects: ObjectStore,
  head: LedgerHead,
  from: SlotPlace,
  until: number,
): AsyncGenerator<Placed> {
  let before = head;
  let expected = from.slots;
  if (expected >= until) return;
  for await (const name of objects.list(SLOT_PREFIX, expected === 0 ? undefined : slotName(expected - 1))) {
    const number = slotNumber(name);
    const broken = (what: string) => brokenAt(expected, before.size, what);
    if (number === null) throw broken(`${name} is no slot`);
    if (number !== expected) throw broken(`is missing, but ${name} is there`);
    const bytes = await objects.read(name).catch((cause: unknown) => {
      throw isRefused(cause) ? broken(`cannot be read: ${cause.message}`) : cause;
    });
    if (bytes === null) throw broken('cannot be read');
    const slot = parseNamed(bytes, name, before.size);
    assertFollows(slot, number, before);
    before = { size: slot.first + slot.count, digest: slot.last };
    expected++;
    yield { number, bytes, slot };
    if (expected >= until) return;
  }
}

function parseNamed(bytes: Uint8Array, name: string, sequence: number): Slot {
  try {
    return parseSlot(bytes, name);
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    throw new CustodyError('LEDGER_BROKEN', cause.message, { details: { entry: sequence }, cause });
  }
}

function brokenAt(slot: number, entry: number, what: string): CustodyError {
  return new CustodyError('LEDGER_BROKEN', `slot ${slot} ${what}`, { details: { slot, entry } });
}

function takeBundle(
  scan: LedgerScan,
  { number, slot, bundle, missing }: Placed & { readonly bundle: Uint8Array | null; readonly missing: string },
): void {
  const broken = (what: string) => brokenAt(number, slot.first, what);
  if (bundle === null) throw broken(`has ${missing}`);
  // A scan of hashes alone is compared with what was verified before, slots included.
  const altered = scan.depth !== 'hashes' && digestOf(bundle) !== slot.bundle;
  const faults = scan.faults.length;
  const count = scan.add(Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength));
  if (count !== slot.count) throw broken(`has ${slot.count} entries, its bundle ${count}`);
  // The links between its entries have named the one that was changed, but for the last.
  if (scan.head.digest !== slot.last) {
    throw brokenAt(number, slot.first + slot.count - 1, `ends with ${slot.last}, its bundle with ${scan.head.digest}`);
  }
  if (altered && scan.faults.length === faults) throw broken(`has the bundle ${slot.bundle}, stored are other bytes`);
}

async function carriedBefore(objects: ObjectStore, slots: number): Promise<LedgerHead | null> {
  const bytes = slots === 0 ? null : await readOrNone(objects, slotName(slots - 1));
  const slot = bytes === null ? null : readableSlot(bytes, slotName(slots - 1));
  return slots === 0 ? EMPTY_HEAD : (slot?.carried ?? null);
}

/** A slot says how far the repository's chain is told of after it, as its entries do. */
function assertCarried(
  scan: LedgerScan,
  number: number,
  slot: Slot,
  bundle: Uint8Array | null,
  before: LedgerHead | null,
): LedgerHead {
  if (scan.depth === 'hashes' || bundle === null || before === null) return slot.carried;
  const after = tellsOfRepository(bundle) ? carriedAfter(parseBundle(bundle) ?? [], before) : before;
  if (sameHead(after, slot.carried)) return after;
  throw brokenAt(number, slot.first, 'says otherwise than its entries how much of the repository is carried');
}
