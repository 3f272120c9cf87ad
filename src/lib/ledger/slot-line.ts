import { CustodyError } from '../base/errors.js';
import { EMPTY_HEAD, sameHead } from './chain.js';
import type { ObjectStore } from './objects.js';
import {
  assertFollows,
  brokenSlot,
  headOf,
  MAX_SLOTS,
  parseSlot,
  SLOT_PREFIX,
  type Slot,
  slotName,
  slotNumber,
} from './slot.js';
import type { LedgerHead } from './store.js';
import { assertTail, type TailMemory } from './tail-memory.js';

/** The last slot and where the chain ends with it; number −1 and the empty head for an empty ledger. */
export interface Tail {
  readonly number: number;
  readonly head: LedgerHead;
  /** How far the repository's chain is told of. */
  readonly carried: LedgerHead;
}

/** So many slots after the last one are read in a row; the end of more is searched for. */
const STEPS = 6;
const EMPTY_TAIL: Tail = { number: -1, head: EMPTY_HEAD, carried: EMPTY_HEAD };

/** The slots of one ledger in a row: read one by one, and where they end. */
export class SlotLine {
  /** The last slot that this process has seen. */
  #seen: Tail | null = null;
  /** It was read just now, by who lost it to another writer: to look whether it is still there would tell nothing. */
  #isFresh = false;

  /** @param memory what this machine has seen before: the search for the end begins there; null: nothing is remembered */
  constructor(
    private readonly objects: ObjectStore,
    private readonly memory: TailMemory | null,
  ) {}

  get seen(): Tail | null {
    return this.#seen;
  }

  /** A slot that was read or written in its place after the last one. */
  advance(number: number, slot: Slot, how: 'read' | 'written' = 'written'): LedgerHead {
    this.#isFresh = how === 'read';
    this.#seen = { number, head: headOf(slot), carried: slot.carried };
    return this.#seen.head;
  }

  /** The slot in canonical form and in its place; null when the name is free. @throws CustodyError LEDGER_BROKEN */
  async read(number: number, before: LedgerHead | null): Promise<Slot | null> {
    const bytes = await this.objects.read(slotName(number));
    if (bytes === null) return null;
    const slot = parseSlot(bytes, slotName(number));
    if (before !== null) assertFollows(slot, number, before);
    return slot;
  }

  /** The same for a slot that must be there. @throws CustodyError LEDGER_BROKEN */
  async mustRead(number: number, before: LedgerHead | null = null): Promise<Slot> {
    const slot = await this.read(number, before);
    if (slot === null) throw brokenSlot(number, before?.size ?? 0, 'is missing');
    return slot;
  }

  /** Where the ledger ends now. @throws CustodyError LEDGER_BROKEN */
  async tail(): Promise<Tail> {
    const seen = this.#seen;
    const tail = seen === null ? await this.#open(await this.#searchCold(), null) : await this.#follow(seen);
    this.#seen = tail;
    return tail;
  }

  /** The slot that holds entry `sequence`: each begins after the one before. */
  async slotOf(sequence: number, tail: Tail): Promise<number> {
    let low = 0;
    let high = tail.number;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const slot = await this.mustRead(middle);
      if (slot.first <= sequence) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async #open(number: number, seen: Tail | null): Promise<Tail> {
    if (number < 0) return EMPTY_TAIL;
    if (number === seen?.number) return seen;
    const known = seen?.number === number - 1 ? seen.head : null;
    const before = number === 0 ? EMPTY_HEAD : (known ?? headOf(await this.mustRead(number - 1)));
    const slot = await this.mustRead(number, before);
    return { number, head: headOf(slot), carried: slot.carried };
  }

  /**
   * From what this process has seen, which must still be there, unchanged: a store may accept and then lose. The next slot
   * is asked for meanwhile, and a few more are read one by one: others have seldom written many.
   */
  async #follow(seen: Tail): Promise<Tail> {
    const isFresh = this.#isFresh;
    this.#isFresh = false;
    const next = this.#after(seen);
    // Who lost what was seen is told so, whatever came after it.
    next.catch(() => undefined);
    if (!isFresh) await this.#stillThere(seen);
    let tail = seen;
    for (let slot = await next, steps = 1; slot !== null; steps++) {
      tail = { number: tail.number + 1, head: headOf(slot), carried: slot.carried };
      if (steps > STEPS) return this.#open(await this.#gallop(tail.number), tail);
      slot = await this.#after(tail);
    }
    return tail;
  }

  async #after({ number, head }: Tail): Promise<Slot | null> {
    return number + 1 < MAX_SLOTS ? this.read(number + 1, head) : null;
  }

  async #stillThere(seen: Tail): Promise<void> {
    if (seen.number < 0) return;
    const slot = await this.read(seen.number, null);
    if (slot !== null && sameHead(headOf(slot), seen.head)) return;
    const what = slot === null ? 'was there before and is missing' : 'is another one than was seen before';
    throw brokenSlot(seen.number, seen.head.size - 1, what);
  }

  /** With one look at the names behind the head: a free slot with taken ones after it is a gap, not the end (T39). */
  async #searchCold(): Promise<number> {
    let number = await this.#gallop(await this.#remembered());
    for (;;) {
      const later = await this.#laterThan(number);
      if (later === null) return number;
      // Others write meanwhile; but they take a slot only when the one before it is taken.
      if (!(await this.#isTaken(number + 1))) {
        const size = number < 0 ? 0 : headOf(await this.mustRead(number)).size;
        throw brokenSlot(number + 1, size, `is missing, but ${later} is there`);
      }
      number = await this.#gallop(number + 1);
    }
  }

  /** The remembered slot, which is read and must be the same; −1 where nothing is remembered. */
  async #remembered(): Promise<number> {
    const seen = (await this.memory?.read()) ?? null;
    if (seen === null) return -1;
    assertTail(seen, await this.objects.read(slotName(seen.slot)));
    return seen.slot;
  }

  /** A slot after `number`, by its name; null when there is none that this role may see. */
  async #laterThan(number: number): Promise<string | null> {
    try {
      const after = number < 0 ? undefined : slotName(number);
      for await (const name of this.objects.list(SLOT_PREFIX, after)) if (slotNumber(name) !== null) return name;
    } catch (cause) {
      // A role that may read slots by their names alone: that there is no gap is then the verifier's to prove.
      if (!(cause instanceof CustodyError && cause.code === 'DENIED')) throw cause;
    }
    return null;
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
    return number < MAX_SLOTS && (await this.objects.read(slotName(number))) !== null;
  }
}
