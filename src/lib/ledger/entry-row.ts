/** "Each entry is encoded as a big-endian uint16 length prefix" (C2SP tlog-tiles, Log Entries). */
export const LENGTH_BYTES = 2;
/** One append may hold this many entries. */
export const MAX_BATCH_ENTRIES = 16_384;

/** Where the entries of a bundle lie in it; the next bundle is found in the same memory. */
export class EntryRow {
  /** Where each begins, and behind the last one where the next would. */
  readonly #starts: Int32Array;
  #count = 0;

  constructor(most = MAX_BATCH_ENTRIES) {
    this.#starts = new Int32Array(most + 1);
  }

  get count(): number {
    return this.#count;
  }

  from(n: number): number {
    return this.#starts[n] ?? 0;
  }

  /** Exclusive. */
  to(n: number): number {
    return (this.#starts[n + 1] ?? 0) - LENGTH_BYTES;
  }

  /** @returns whether the bytes are whole entries, and no more than one append may hold; else those before that are found */
  find(bundle: Uint8Array): boolean {
    const starts = this.#starts;
    const most = starts.length - 1;
    let start = LENGTH_BYTES;
    let n = 0;
    starts[0] = start;
    while (n < most && start <= bundle.length) {
      const next = start + ((bundle[start - 2] ?? 0) << 8) + (bundle[start - 1] ?? 0) + LENGTH_BYTES;
      if (next - LENGTH_BYTES > bundle.length) break;
      starts[++n] = next;
      start = next;
    }
    this.#count = n;
    return start - LENGTH_BYTES === bundle.length;
  }
}
