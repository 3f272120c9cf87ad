import { CustodyError, type ErrorCode } from '../base/errors.js';
import { readAhead } from './ahead.js';
import { EMPTY_HEAD, sameHead } from './chain.js';
import type { ObjectStore } from './objects.js';
import {
  assertFollows,
  brokenSlot,
  bundleName,
  formatSlot,
  headOf,
  openBundle,
  parseSlot,
  SLOT_PREFIX,
  type Slot,
  sealBatch,
  slotName,
} from './slot.js';
import type { LedgerHead, LedgerStore } from './store.js';

/** What one append has added. */
export interface StoredBatch {
  readonly slot: number;
  /** The sequence of its first entry. */
  readonly first: number;
  readonly entries: readonly Uint8Array[];
}

/** A ledger in a store of write-once objects, as it is laid out there. */
export interface SlotLedger extends LedgerStore {
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
  /** A slot that was seen before, where the search for the head begins. It saves time and proves nothing. */
  readonly hint?: number;
  /** How many objects are read at once by `batches`; 8 unless told. */
  readonly parallel?: number;
}

/** The last slot and where the chain ends with it; number −1 and the empty head for an empty ledger. */
interface Tail {
  readonly number: number;
  readonly head: LedgerHead;
}

const EMPTY_TAIL: Tail = { number: -1, head: EMPTY_HEAD };
/** Bytes of entries are not known before they are read: this many wait at most, some 10 MB of usual ones. */
const MAX_WAITING_ENTRIES = 16_384;
/** With these nobody knows whether an object was made. */
const UNSURE: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'TIMEOUT', 'STORAGE', 'THROTTLED']);

/**
 * The ledger over write-once objects: an append is one bundle and one slot, and taking the slot is the lock (T41). Every
 * slot that is read must be in canonical form and go on where the one before it ended.
 */
export function createSlotLedger(objects: ObjectStore, options: SlotLedgerOptions = {}): SlotLedger {
  return new Slots(objects, options);
}

class Slots implements SlotLedger {
  #tail: Tail | null = null;
  /** Slots that were sent and never answered for: what is found in their place may be ours. */
  readonly #unsure = new Map<number, string>();

  constructor(
    private readonly objects: ObjectStore,
    private readonly options: SlotLedgerOptions,
  ) {}

  async head(): Promise<LedgerHead> {
    return (await this.#findTail()).head;
  }

  async slots(): Promise<number> {
    return (await this.#findTail()).number + 1;
  }

  async read(from: number, to: number): Promise<readonly Uint8Array[]> {
    if (to <= from) return [];
    const { head } = await this.#findTail();
    if (to > head.size) {
      throw new CustodyError('LEDGER_BROKEN', `the ledger has ${head.size} entries, and no entry ${to - 1}`);
    }
    const entries: Uint8Array[] = [];
    for await (const batch of this.#batches(from, to)) {
      entries.push(...batch.entries.slice(Math.max(0, from - batch.first), to - batch.first));
    }
    return entries;
  }

  batches(from = 0): AsyncIterable<StoredBatch> {
    return this.#batches(from, null);
  }

  async append(entries: readonly Uint8Array[], expected: LedgerHead): Promise<LedgerHead> {
    if (entries.length === 0) return expectHead(await this.head(), expected);
    const { slot, bundle } = sealBatch(entries, expected);
    const bytes = formatSlot(slot);
    let tail = this.#tail;
    if (tail === null || !sameHead(tail.head, expected)) {
      tail = await this.#findTail();
      if (this.#isOurs(tail.number, bytes)) return this.#settled(tail.number, slot);
      expectHead(tail.head, expected);
    }
    slotName(tail.number + 1);
    await this.#putBundle(bundleName(slot.bundle), bundle);
    return this.#take(tail, slot, bytes);
  }

  /** A bundle is named by its digest, so a second try can only find the first one's. */
  async #putBundle(name: string, bytes: Uint8Array): Promise<void> {
    try {
      await this.objects.create(name, bytes);
    } catch (cause) {
      if (!isUnsure(cause)) throw cause;
      await this.objects.create(name, bytes);
    }
  }

  async #take(before: Tail, slot: Slot, bytes: Uint8Array): Promise<LedgerHead> {
    const number = before.number + 1;
    try {
      if ((await this.objects.create(slotName(number), bytes)) === 'created') return this.#settled(number, slot);
    } catch (cause) {
      if (!isUnsure(cause)) throw cause;
      this.#unsure.set(number, textOf(bytes));
      const found = await this.objects.read(slotName(number)).catch(() => null);
      // Not there, or nobody knows: the store's own word stands, and a later try with the same head finds out.
      if (found === null) throw cause;
    }
    const winner = await this.#readSlot(number, before.head);
    if (winner === null) throw brokenSlot(number, before.head.size, 'is taken, but cannot be read');
    this.#tail = { number, head: headOf(winner) };
    if (this.#isOurs(number, formatSlot(winner), bytes)) return this.#settled(number, slot);
    throw conflict(headOf(winner), before.head);
  }

  /** Whether slot `number` holds what this writer sent there without hearing of it. */
  #isOurs(number: number, found: Uint8Array, sent = found): boolean {
    const text = textOf(sent);
    return this.#unsure.get(number) === text && textOf(found) === text;
  }

  #settled(number: number, slot: Slot): LedgerHead {
    this.#unsure.delete(number);
    this.#tail = { number, head: headOf(slot) };
    return headOf(slot);
  }

  /** The slot in canonical form and in its place; null when the name is free. */
  async #readSlot(number: number, before: LedgerHead | null): Promise<Slot | null> {
    const bytes = await this.objects.read(slotName(number));
    if (bytes === null) return null;
    const slot = parseSlot(bytes, slotName(number));
    if (before !== null) assertFollows(slot, number, before);
    return slot;
  }

  async #mustRead(number: number, before: LedgerHead | null = null): Promise<Slot> {
    const slot = await this.#readSlot(number, before);
    if (slot === null) throw brokenSlot(number, before?.size ?? 0, 'is missing');
    return slot;
  }

  async #findTail(): Promise<Tail> {
    const known = this.#tail;
    const number = known === null ? await this.#searchCold() : await this.#searchFrom(known);
    const tail = number === known?.number ? known : await this.#openTail(number, known);
    this.#tail = tail;
    return tail;
  }

  async #openTail(number: number, known: Tail | null): Promise<Tail> {
    if (number < 0) return EMPTY_TAIL;
    const before =
      number === 0 ? EMPTY_HEAD : known?.number === number - 1 ? known.head : headOf(await this.#mustRead(number - 1));
    return { number, head: headOf(await this.#mustRead(number, before)) };
  }

  /** From what this process has seen: that must still be there, unchanged. */
  async #searchFrom(known: Tail): Promise<number> {
    if (known.number >= 0) {
      const slot = await this.#mustRead(known.number);
      if (!sameHead(headOf(slot), known.head)) {
        throw brokenSlot(known.number, slot.first, 'is another one than was seen before');
      }
    }
    return this.#gallop(known.number);
  }

  /** With one look at the names behind the head: a free slot with taken ones after it is a gap, not the end (T39). */
  async #searchCold(): Promise<number> {
    const hint = this.options.hint ?? -1;
    const number = await this.#gallop(hint >= 0 && (await this.#isTaken(hint)) ? hint : -1);
    for await (const name of this.#namesAfter(number)) {
      const size = number < 0 ? 0 : headOf(await this.#mustRead(number)).size;
      throw brokenSlot(number + 1, size, `is missing, but ${name} is there`);
    }
    return number;
  }

  /** A role that may read slots by their names alone cannot list them; that there is no gap is then the verifier's. */
  async *#namesAfter(number: number): AsyncIterable<string> {
    try {
      yield* this.objects.list(SLOT_PREFIX, number < 0 ? undefined : slotName(number));
    } catch (cause) {
      if (!(cause instanceof CustodyError && cause.code === 'DENIED')) throw cause;
    }
  }

  /** The last taken slot, from one that is taken (or −1): ever longer steps, then halves. */
  async #gallop(taken: number): Promise<number> {
    let low = taken;
    let step = 1;
    while (await this.#isTaken(low + step)) {
      low += step;
      step *= 2;
    }
    let high = low + step;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (await this.#isTaken(middle)) low = middle;
      else high = middle;
    }
    return low;
  }

  async #isTaken(number: number): Promise<boolean> {
    return (await this.objects.read(slotName(number))) !== null;
  }

  async *#batches(from: number, to: number | null): AsyncGenerator<StoredBatch> {
    const tail = await this.#findTail();
    if (from >= tail.head.size) return;
    const numbers = this.#slotsFrom(await this.#slotOf(from, tail), tail, to ?? tail.head.size);
    const open = async ({ number, slot }: Placed): Promise<StoredBatch> => {
      const bytes = await this.objects.read(bundleName(slot.bundle));
      return { slot: number, first: slot.first, entries: openBundle(bytes, slot, number) };
    };
    const weigh = ({ slot }: Placed) => slot.count;
    yield* readAhead(numbers, open, { parallel: this.#parallel(), budget: MAX_WAITING_ENTRIES, weigh });
  }

  async *#slotsFrom(first: number, tail: Tail, to: number): AsyncGenerator<Placed> {
    let head = first === 0 ? EMPTY_HEAD : headOf(await this.#mustRead(first - 1));
    const limits = { parallel: this.#parallel(), budget: this.#parallel(), weigh: () => 1 };
    const read = async (number: number) => ({ number, bytes: await this.objects.read(slotName(number)) });
    for await (const { number, bytes } of readAhead(range(first, tail.number), read, limits)) {
      if (bytes === null) throw brokenSlot(number, head.size, 'is missing');
      const slot = parseSlot(bytes, slotName(number));
      assertFollows(slot, number, head);
      head = headOf(slot);
      yield { number, slot };
      if (head.size >= to) return;
    }
    if (!sameHead(head, tail.head)) throw brokenSlot(tail.number, head.size, 'changed while it was read');
  }

  /** The slot that holds entry `sequence`: each begins after the one before. */
  async #slotOf(sequence: number, tail: Tail): Promise<number> {
    let low = 0;
    let high = tail.number;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const slot = await this.#mustRead(middle);
      if (slot.first <= sequence) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #parallel(): number {
    return this.options.parallel ?? 8;
  }
}

interface Placed {
  readonly number: number;
  readonly slot: Slot;
}

async function* range(first: number, last: number): AsyncGenerator<number> {
  for (let number = first; number <= last; number++) yield number;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function isUnsure(cause: unknown): boolean {
  return cause instanceof CustodyError && UNSURE.has(cause.code);
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
