import { sha256 } from '../base/bytes.js';

const WORDS = 4;

/**
 * Event ids, 16 bytes each: the GUID itself, or the beginning of the SHA-256 of what is none. A set of strings would take
 * five times the room, and a ledger may hold millions of them.
 */
export class IdSet {
  #table: Uint32Array;
  #size = 0;

  constructor(expected = 1024) {
    this.#table = new Uint32Array(slotsFor(expected) * WORDS);
  }

  get size(): number {
    return this.#size;
  }

  has(id: string): boolean {
    return this.#isTaken(this.#find(wordsOf(id)));
  }

  add(id: string): void {
    this.#put(wordsOf(id));
  }

  /** The 16 bytes of each, in no order. */
  toBytes(): Buffer {
    const bytes = Buffer.alloc(this.#size * 16);
    let at = 0;
    for (const words of this.#each()) for (const word of words) at = bytes.writeUInt32BE(word, at);
    return bytes;
  }

  /** The inverse of `toBytes`. */
  static fromBytes(bytes: Buffer): IdSet {
    const set = new IdSet(bytes.length / 16);
    for (let at = 0; at + 16 <= bytes.length; at += 16) set.#put(wordsIn(bytes, at));
    return set;
  }

  #put(words: Uint32Array): void {
    const slot = this.#find(words);
    if (this.#isTaken(slot)) return;
    this.#table.set(words, slot);
    this.#size++;
    if (this.#size * 2 * WORDS > this.#table.length) this.#grow();
  }

  #grow(): void {
    const all = [...this.#each()];
    this.#table = new Uint32Array(this.#table.length * 2);
    for (const words of all) this.#table.set(words, this.#find(words));
  }

  *#each(): Generator<Uint32Array> {
    for (let slot = 0; slot < this.#table.length; slot += WORDS) {
      if (this.#isTaken(slot)) yield this.#table.slice(slot, slot + WORDS);
    }
  }

  /** Where the words are, or the free slot where they would be. */
  #find(words: Uint32Array): number {
    const table = this.#table;
    const [a, b, c, d] = words;
    let slot = (((a ?? 0) ^ (d ?? 0)) >>> 0) * WORDS;
    for (slot %= table.length; this.#isTaken(slot); slot = (slot + WORDS) % table.length) {
      if (table[slot] === a && table[slot + 1] === b && table[slot + 2] === c && table[slot + 3] === d) break;
    }
    return slot;
  }

  /** No id is all zeros. */
  #isTaken(slot: number): boolean {
    const table = this.#table;
    return (
      (table[slot] ?? 0) !== 0 ||
      (table[slot + 1] ?? 0) !== 0 ||
      (table[slot + 2] ?? 0) !== 0 ||
      (table[slot + 3] ?? 0) !== 0
    );
  }
}

/** A power of two, so that half of them stay free. */
function slotsFor(count: number): number {
  let slots = 1024;
  while (slots < count * 2 + 2) slots *= 2;
  return slots;
}

function wordsOf(id: string): Uint32Array {
  return readGuid(id) && GUID_WORDS.some((word) => word !== 0) ? GUID_WORDS : wordsIn(sha256(id), 0);
}

/** Used again for each id: whoever keeps words copies them. */
const GUID_WORDS = new Uint32Array(WORDS);
const GUID_LENGTH = 36;
/** Where the hyphens are: 8-4-4-4-12 digits (RFC 9562 section 4). */
const HYPHENS = new Set([8, 13, 18, 23]);

/** Reads a GUID into GUID_WORDS; false for what is none. */
function readGuid(id: string): boolean {
  if (id.length !== GUID_LENGTH) return false;
  let digits = 0;
  let word = 0;
  for (let at = 0; at < GUID_LENGTH; at++) {
    const code = id.charCodeAt(at);
    if (HYPHENS.has(at)) {
      if (code !== 0x2d) return false;
      continue;
    }
    const value = code >= 0x30 && code <= 0x39 ? code - 0x30 : code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
    if (value < 0) return false;
    word = (word << 4) | value;
    digits++;
    if (digits % 8 === 0) GUID_WORDS[digits / 8 - 1] = word;
  }
  return true;
}

function wordsIn(bytes: Buffer, at: number): Uint32Array {
  const words = new Uint32Array(WORDS);
  for (let index = 0; index < WORDS; index++) words[index] = bytes.readUInt32BE(at + 4 * index);
  return words;
}
