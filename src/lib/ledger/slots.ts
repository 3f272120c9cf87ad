import { CustodyError } from '../base/errors.js';
import { readAhead } from './ahead.js';
import { type CarryingLedger, carriedAfter, tellsOfRepository } from './carried.js';
import { EMPTY_HEAD, sameHead } from './chain.js';
import { createNamed, isUnsure } from './named.js';
import type { ObjectStore } from './objects.js';
import {
  assertFollows,
  brokenSlot,
  bundleName,
  firstOfBundle,
  formatSlot,
  headOf,
  openBundle,
  parseSlot,
  type Slot,
  sealBatch,
  slotName,
} from './slot.js';
import { SlotLine, type Tail } from './slot-line.js';
import type { LedgerHead } from './store.js';
import { type TailMemory, tailAfter } from './tail-memory.js';
import { Turn } from './turn.js';

/** What one append has added. */
export interface StoredBatch {
  readonly slot: number;
  /** The sequence of its first entry. */
  readonly first: number;
  readonly entries: readonly Uint8Array[];
}

/** A ledger in a store of write-once objects, as it is laid out there. */
export interface SlotLedger extends CarryingLedger {
  /**
   * Batches from the one that holds entry `from` on, up to the head at the time of the call; each is checked against its
   * slot and the slot against the one before. Memory is bounded by a few batches.
   * @throws CustodyError LEDGER_BROKEN with slot and entry
   */
  batches(from?: number): AsyncIterable<StoredBatch>;
  /** How many slots there are. */
  slots(): Promise<number>;
}

export interface SlotLedgerOptions {
  /** What this machine remembers of the ledger: it must go on from there, and each append of this one's is added. */
  readonly memory?: TailMemory;
  /** How many objects are read at once by `batches`; 8 unless told. */
  readonly parallel?: number;
}

/** Bytes of entries are not known before they are read: this many wait at most, some 10 MB of usual ones. */
const MAX_WAITING_ENTRIES = 16_384;

/**
 * The ledger over write-once objects: an append is one bundle and one slot, and taking the slot is the lock (T41). Every
 * slot that is read must be in canonical form and go on where the one before it ended.
 */
export function createSlotLedger(objects: ObjectStore, options: SlotLedgerOptions = {}): SlotLedger {
  const memory = options.memory ?? null;
  const line = new SlotLine(objects, memory);
  const reader = { objects, line, parallel: options.parallel ?? 8 };
  const writer = new SlotWriter(objects, line, memory);
  return {
    head: async () => (await line.tail()).head,
    carried: async () => (await line.tail()).carried,
    slots: async () => (await line.tail()).number + 1,
    read: (from, to) => readEntries(reader, from, to),
    batches: (from = 0) => batches(reader, from, null),
    append: (entries, expected) => writer.append(entries, expected),
    turn: new Turn(() => (line.seen?.number ?? -1) + 1),
  };
}

class SlotWriter {
  /** Slots that were sent and never answered for: what is found in their place may be ours. */
  readonly #unsure = new Map<number, string>();

  constructor(
    private readonly objects: ObjectStore,
    private readonly line: SlotLine,
    private readonly memory: TailMemory | null,
  ) {}

  async append(entries: readonly Uint8Array[], expected: LedgerHead): Promise<LedgerHead> {
    if (entries.length === 0) return expectHead((await this.line.tail()).head, expected);
    let before = this.line.seen;
    if (before === null || !sameHead(before.head, expected)) {
      before = await this.line.tail();
      const landed = await this.#landed(before, entries, expected);
      if (landed !== null) return landed;
      expectHead(before.head, expected);
    }
    const { slot, bundle } = sealBatch(entries, expected, carriedAfter(entries, before.carried));
    const bytes = formatSlot(slot);
    const number = before.number + 1;
    slotName(number);
    await createNamed(this.objects, bundleName(slot.bundle), bundle);
    return this.#take(number, expected, slot, bytes);
  }

  /** The last slot is the one that was sent and not answered for: it was not lost, and is not sent again. */
  async #landed(tail: Tail, entries: readonly Uint8Array[], expected: LedgerHead): Promise<LedgerHead | null> {
    const { slot } = sealBatch(entries, expected, tail.carried);
    const bytes = formatSlot(slot);
    if (!sameHead(tail.head, headOf(slot)) || !this.#isOurs(tail.number, bytes, bytes)) return null;
    return this.#settled(tail.number, slot);
  }

  async #take(number: number, before: LedgerHead, slot: Slot, bytes: Uint8Array): Promise<LedgerHead> {
    let isTaken = true;
    try {
      isTaken = (await this.objects.create(slotName(number), bytes)) === 'exists';
    } catch (cause) {
      if (!isUnsure(cause)) throw cause;
      this.#unsure.set(number, textOf(bytes));
      const found = await this.objects.read(slotName(number)).catch(() => null);
      // Not there, or nobody knows: the store's own word stands, and a later try with the same head finds out.
      if (found === null) throw cause;
    }
    if (!isTaken) return this.#settled(number, slot);
    const winner = await this.line.read(number, before);
    if (winner === null) throw brokenSlot(number, before.size, 'is taken, but cannot be read');
    if (this.#isOurs(number, formatSlot(winner), bytes)) return this.#settled(number, slot);
    throw conflict(this.line.advance(number, winner, 'read'), before);
  }

  /** Whether slot `number` holds what this writer sent there without hearing of it. */
  #isOurs(number: number, found: Uint8Array, sent: Uint8Array): boolean {
    return this.#unsure.get(number) === textOf(sent) && textOf(found) === textOf(sent);
  }

  /** Remembered before it is acknowledged: what a caller has heard of must never be gone unnoticed. */
  async #settled(number: number, slot: Slot): Promise<LedgerHead> {
    this.#unsure.delete(number);
    await this.memory?.write(tailAfter(number, slot));
    return this.line.advance(number, slot);
  }
}

interface Reader {
  readonly objects: ObjectStore;
  readonly line: SlotLine;
  readonly parallel: number;
}

interface Placed {
  readonly number: number;
  readonly slot: Slot;
  /** What was carried before it. */
  readonly carried: LedgerHead;
}

/** The first entry as it lies there, by which a ledger is known; null for an empty one. @throws CustodyError LEDGER_BROKEN */
export async function readFirstEntry(objects: ObjectStore): Promise<Uint8Array | null> {
  const slot = await new SlotLine(objects, null).read(0, EMPTY_HEAD);
  const bundle = slot === null ? null : await objects.read(bundleName(slot.bundle));
  return bundle === null ? null : firstOfBundle(bundle);
}

async function readEntries(reader: Reader, from: number, to: number): Promise<readonly Uint8Array[]> {
  if (to <= from) return [];
  const { head } = await reader.line.tail();
  if (to > head.size) {
    throw new CustodyError('LEDGER_BROKEN', `the ledger has ${head.size} entries, and no entry ${to - 1}`);
  }
  const entries: Uint8Array[] = [];
  for await (const batch of batches(reader, from, to)) {
    for (const entry of batch.entries.slice(Math.max(0, from - batch.first), to - batch.first)) entries.push(entry);
  }
  return entries;
}

async function* batches(reader: Reader, from: number, to: number | null): AsyncGenerator<StoredBatch> {
  const { objects, line, parallel } = reader;
  const tail = await line.tail();
  if (from >= tail.head.size) return;
  const placed = slotsFrom(reader, await line.slotOf(from, tail), tail, to ?? tail.head.size);
  const open = async ({ number, slot, carried }: Placed): Promise<StoredBatch> => {
    const bytes = await objects.read(bundleName(slot.bundle));
    const entries = openBundle(bytes, slot, number);
    const after = bytes !== null && tellsOfRepository(bytes) ? carriedAfter(entries, carried) : carried;
    if (!sameHead(after, slot.carried)) {
      throw brokenSlot(number, slot.first, 'says otherwise than its entries how much of the repository is carried');
    }
    return { slot: number, first: slot.first, entries };
  };
  yield* readAhead(placed, open, { parallel, budget: MAX_WAITING_ENTRIES, weigh: ({ slot }) => slot.count });
}

async function* slotsFrom(reader: Reader, first: number, tail: Tail, to: number): AsyncGenerator<Placed> {
  const { objects, line, parallel } = reader;
  const before = first === 0 ? null : await line.mustRead(first - 1);
  let head = before === null ? EMPTY_HEAD : headOf(before);
  let carried = before?.carried ?? EMPTY_HEAD;
  const read = async (number: number) => ({ number, bytes: await objects.read(slotName(number)) });
  const limits = { parallel, budget: parallel, weigh: () => 1 };
  for await (const { number, bytes } of readAhead(range(first, tail.number), read, limits)) {
    if (bytes === null) throw brokenSlot(number, head.size, 'is missing');
    const slot = parseSlot(bytes, slotName(number));
    assertFollows(slot, number, head);
    head = headOf(slot);
    yield { number, slot, carried };
    carried = slot.carried;
    if (head.size >= to) return;
  }
  if (!sameHead(head, tail.head)) throw brokenSlot(tail.number, head.size, 'changed while it was read');
}

async function* range(first: number, last: number): AsyncGenerator<number> {
  for (let number = first; number <= last; number++) yield number;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function expectHead(found: LedgerHead, expected: LedgerHead): LedgerHead {
  if (sameHead(found, expected)) return found;
  throw conflict(found, expected);
}

function conflict(found: LedgerHead, expected: LedgerHead): CustodyError {
  return new CustodyError('CONFLICT', `the ledger has ${found.size} entries, ${expected.size} were expected`, {
    details: { expected, found },
    suggestions: ['Run the command again: it appends after what has come in between.'],
  });
}
