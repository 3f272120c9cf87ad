import { hash } from 'node:crypto';
import { type Digest, digestHex } from '../base/bytes.js';
import { EntryRow, MAX_BATCH_ENTRIES } from './entry-row.js';
import { HASH_BYTES, HASH_CHARACTERS, HASH_ENCODING, hashAt, LEAF, type TreeHash } from './tree.js';

/** The leaf hashes of the entries of one bundle, one behind the other; the next bundle is read into the same memory. */
export class LeafRow {
  readonly entries = new EntryRow();
  /** That of the entry before the first one, then theirs: what entry `n` must name lies at place `n`. */
  readonly named = Buffer.alloc((MAX_BATCH_ENTRIES + 1) * HASH_BYTES);
  readonly #characters = new Uint16Array(this.named.buffer, this.named.byteOffset, this.named.length / 2);

  /** @param before of the entry before the first one; null for the first of all */
  constructor(before: Digest | null) {
    this.named.write(before === null ? '' : digestHex(before), 'hex');
  }

  get count(): number {
    return this.entries.count;
  }

  /** Finds the entries of the next bundle. @returns whether its bytes are whole entries; else those before that are found */
  open(bundle: Buffer): boolean {
    this.named.copyWithin(0, this.count * HASH_BYTES, (this.count + 1) * HASH_BYTES);
    return this.entries.find(bundle);
  }

  leaf(n: number): TreeHash {
    return hashAt(this.named, n + 1);
  }

  /** From entry `from` to `to` (exclusive). */
  leaves(from = 0, to = this.count): Buffer {
    return this.named.subarray((from + 1) * HASH_BYTES, (to + 1) * HASH_BYTES);
  }

  /** Hashes entries `first` to `end` (exclusive) without a copy: the byte before one is another one meanwhile. */
  hash(bundle: Buffer, first = 0, end = this.count): void {
    const { buffer, byteOffset } = bundle;
    for (let n = first; n < end; n++) {
      const from = this.entries.from(n) - 1;
      const before = bundle[from] ?? 0;
      bundle[from] = LEAF;
      const leaf = hash('sha256', new Uint8Array(buffer, byteOffset + from, this.entries.to(n) - from), HASH_ENCODING);
      bundle[from] = before;
      const at = (n + 1) * HASH_CHARACTERS;
      for (let i = 0; i < HASH_CHARACTERS; i++) this.#characters[at + i] = leaf.charCodeAt(i);
    }
  }
}
