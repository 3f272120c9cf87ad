import { hexOf, type RememberedLedger, rootsOf, startOf } from '../ledger/memory.js';
import { isRefused, type ObjectStore } from '../ledger/objects.js';
import { AT_GENESIS, type Depth, LedgerScan, type ScanStart } from '../ledger/scan.js';
import { parseSlot, slotName } from '../ledger/slot.js';
import type { TreeHash } from '../ledger/tree.js';
import { FIRST_SLOT, isAsBefore, type SlotPlace, walkSlots } from '../ledger/walk.js';

/** What is walked over, and what a machine remembers of it. */
export interface WalkQuestion {
  readonly objects: ObjectStore;
  readonly remembered: RememberedLedger | null;
}

export interface VerifyDepth {
  /** Only what came since this machine last found the ledger whole. */
  readonly sinceRemembered: boolean;
  /** Also whether each entry is canonical and of the shape of an entry. */
  readonly forms: boolean;
}

/** How a walk over an audit ledger ended. */
export interface Walked {
  readonly scan: LedgerScan;
  readonly place: SlotPlace;
  readonly from: number;
  /** Whether the form of every entry has been judged, now or before. */
  readonly forms: boolean;
  /** What is wrong with what was remembered; null when the ledger goes on from there. */
  readonly broken: string | null;
  readonly rootAt: (size: number) => TreeHash | undefined;
}

/**
 * Walks over an audit ledger, as much of it as the depth asks for.
 * @param sizes at which the root is wanted
 * @throws CustodyError what reading throws
 */
export async function walk(question: WalkQuestion, depth: VerifyDepth, sizes: readonly number[]): Promise<Walked> {
  const { objects, remembered } = question;
  const links: Depth = depth.forms ? 'forms' : 'links';
  const start = remembered === null ? null : startOf(remembered);
  if (remembered === null || start === null) return walkAll(objects, links, sizes, remembered);
  const place = { slots: remembered.slots, digest: remembered.slotsDigest };
  if (depth.sinceRemembered) {
    const scan = new LedgerScan(start, links, sizes);
    const broken = await lostTail(objects, remembered);
    const end = await walkSlots(objects, scan, place);
    const forms = remembered.forms && depth.forms;
    return { scan, place: end, from: start.size, forms, broken, rootAt: (size) => scan.rootAt(size) };
  }
  const known = await readAgain(question, remembered, start, depth.forms, sizes);
  if (known === null) return walkAll(objects, links, sizes, remembered);
  const scan = new LedgerScan(start, links, sizes);
  const end = await walkSlots(objects, scan, place);
  const rootAt = (size: number) => scan.rootAt(size) ?? known(size);
  return { scan, place: end, from: 0, forms: depth.forms, broken: null, rootAt };
}

/**
 * Bytes that were found whole before are whole: their links, and their forms if these were judged. The tree is built once
 * more only for a size that was not looked at then, the entries read only for their forms.
 * @returns the roots that the ledger went through; null when it is not the same
 */
async function readAgain(
  { objects }: WalkQuestion,
  remembered: RememberedLedger,
  start: ScanStart,
  forms: boolean,
  sizes: readonly number[],
): Promise<Walked['rootAt'] | null> {
  const { slots, slotsDigest } = remembered;
  const roots = rootsOf(remembered);
  const unread = forms && !remembered.forms;
  if (!unread && sizes.every((size) => size >= start.size || roots.has(size))) {
    return (await isAsBefore(objects, { slots, digest: slotsDigest })) ? (size) => roots.get(size) : null;
  }
  const scan = new LedgerScan(AT_GENESIS, unread ? 'forms' : 'hashes', sizes);
  const { digest } = await walkSlots(objects, scan, FIRST_SLOT, slots);
  const same = hexOf(scan.root()) === remembered.root && digest === slotsDigest && scan.faults.length === 0;
  return same ? (size) => scan.rootAt(size) : null;
}

async function walkAll(
  objects: ObjectStore,
  depth: Depth,
  sizes: readonly number[],
  remembered: RememberedLedger | null,
): Promise<Walked> {
  const scan = new LedgerScan(AT_GENESIS, depth, remembered === null ? sizes : [...sizes, remembered.size]);
  const place = await walkSlots(objects, scan, FIRST_SLOT);
  const broken = remembered === null ? null : otherThan(remembered, scan);
  return { scan, place, from: 0, forms: depth === 'forms', broken, rootAt: (size) => scan.rootAt(size) };
}

function otherThan({ size, root, at }: RememberedLedger, scan: LedgerScan): string {
  const found = scan.rootAt(size);
  if (found === undefined) return `the ledger ends before entry ${scan.head.size}; on ${at} it had ${size} entries`;
  if (hexOf(found) !== root) return `entries 0 to ${size - 1} are not those that were verified on ${at}`;
  return `the slots of entries 0 to ${size - 1} are not those that were verified on ${at}`;
}

/** The last slot that was seen must still be there, and end with the same entry. */
async function lostTail(objects: ObjectStore, { size, slots, digest, at }: RememberedLedger): Promise<string | null> {
  const name = slotName(slots - 1);
  try {
    const bytes = await objects.read(name);
    if (bytes === null) return `entry ${size - 1} was there on ${at}; ${name} is missing`;
    const { first, count, last } = parseSlot(bytes, name);
    return first + count === size && last === digest ? null : `entry ${size - 1} is another one than on ${at}`;
  } catch (cause) {
    if (isRefused(cause)) return `entry ${size - 1} was there on ${at}; ${cause.message}`;
    throw cause;
  }
}
