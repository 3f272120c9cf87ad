import type { Digest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { type ChainFault, parseEntry } from './chain.js';
import { digestOfLeaf } from './entry.js';
import { isUsualEnd, tailOf } from './entry-end.js';
import { GrowingTree } from './growing-tree.js';
import { LeafRow } from './leaf-row.js';
import type { LedgerHead } from './store.js';
import { HASH_BYTES, type TreeHash } from './tree.js';

/**
 * Reads a ledger from front to back, bundle by bundle, as hashes of stored bytes. Each depth does what those before it do:
 * - `hashes`: the tree alone, for bytes that are compared with a root for which more was done before;
 * - `links`: each entry has its number and names the digest of the one before;
 * - `forms`: each entry is canonical and of the shape of an entry.
 */
export type Depth = 'hashes' | 'links' | 'forms';

/** Where a scan begins: what an earlier one ended with. */
export interface ScanStart extends LedgerHead {
  readonly peaks: readonly TreeHash[];
}

export const AT_GENESIS: ScanStart = { size: 0, digest: null, peaks: [] };
const MAX_FAULTS = 100;
/** Entries are hashed and judged while the processor has them at hand. */
const AT_ONCE = 64;

export class LedgerScan {
  readonly faults: ChainFault[] = [];
  readonly #tree: GrowingTree;
  readonly #row: LeafRow;
  readonly #rootsAt = new Map<number, TreeHash>();
  readonly #awaited: number[];
  #digest: Digest | null;

  /** @param sizes at which the root is wanted */
  constructor(
    start: ScanStart,
    readonly depth: Depth,
    sizes: Iterable<number> = [],
    private readonly onLeaf: ((leaf: TreeHash) => void) | null = null,
  ) {
    this.#tree = new GrowingTree(start.size, start.peaks);
    this.#row = new LeafRow(start.digest);
    this.#digest = start.digest;
    this.#awaited = [...new Set(sizes)].filter((size) => size >= start.size).sort((left, right) => right - left);
    this.#keepRoots();
  }

  get head(): LedgerHead {
    return { size: this.#tree.size, digest: this.#digest };
  }

  root(): TreeHash {
    return this.#tree.root();
  }

  /** What a later scan goes on from. */
  end(): ScanStart {
    return { ...this.head, peaks: this.#tree.peaks };
  }

  /** The root that the ledger had at a size that was asked for; undefined for one that it does not reach. */
  rootAt(size: number): TreeHash | undefined {
    return this.#rootsAt.get(size);
  }

  fault(sequence: number, message: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ sequence, message });
  }

  /**
   * Takes the entries of one bundle (C2SP tlog-tiles encoding).
   * @returns how many they were
   */
  add(bundle: Buffer): number {
    const row = this.#row;
    const isWhole = row.open(bundle);
    const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
    for (let n = 0; n < row.count; n += AT_ONCE) {
      const end = Math.min(row.count, n + AT_ONCE);
      row.hash(bundle, n, end);
      if (this.depth !== 'hashes') this.#judgeLinks(bundle, view, n, end);
    }
    this.#grow();
    if (row.count > 0) this.#digest = digestOfLeaf(row.leaf(row.count - 1));
    if (!isWhole) this.fault(this.#tree.size, 'its bundle ends within it');
    return row.count;
  }

  /** Adds the leaves, with a stop at each size that is awaited. */
  #grow(): void {
    const row = this.#row;
    for (let from = 0; from < row.count; ) {
      const most = (this.#awaited.at(-1) ?? Number.POSITIVE_INFINITY) - this.#tree.size;
      const to = Math.min(row.count, from + most);
      this.#tree.addRow(row.leaves(from, to));
      this.#keepRoots();
      from = to;
    }
    if (this.onLeaf !== null) for (let n = 0; n < row.count; n++) this.onLeaf(row.leaf(n));
  }

  #keepRoots(): void {
    const { size } = this.#tree;
    if (this.#awaited.at(-1) !== size) return;
    this.#awaited.pop();
    this.#rootsAt.set(size, this.#tree.root());
  }

  #judgeLinks(bundle: Buffer, view: DataView, start: number, end: number): void {
    const { entries, named } = this.#row;
    const first = this.#tree.size;
    for (let n = start; n < end; n++) {
      const sequence = first + n;
      const from = entries.from(n);
      const to = entries.to(n);
      const isUsual = sequence > 0 && isUsualEnd(view, from, to, named, n * HASH_BYTES, sequence);
      if (!isUsual) this.#judgeEnd(bundle, n, sequence);
      if (this.depth === 'forms') this.#judgeForm(bundle.subarray(from, to), sequence);
    }
  }

  #judgeEnd(bundle: Buffer, n: number, sequence: number): void {
    const { entries } = this.#row;
    const before = sequence === 0 ? null : digestOfLeaf(this.#row.leaf(n - 1));
    const named = tailOf(bundle, entries.from(n), entries.to(n), sequence);
    const expected = before === null ? '"previous":null' : `"previous":"${before}"`;
    if (named === null) this.fault(sequence, `it does not end as entry ${sequence} does`);
    else if (!named.endsWith(expected)) this.fault(sequence, linkFault(named, sequence, before));
  }

  #judgeForm(bytes: Uint8Array, sequence: number): void {
    try {
      parseEntry(bytes, `entry ${sequence}`);
    } catch (cause) {
      if (!(cause instanceof CustodyError)) throw cause;
      this.fault(sequence, cause.message);
    }
  }
}

/** A link that does not hold is the fault of one of two entries; what follows tells which. */
function linkFault(named: string, sequence: number, before: Digest | null): string {
  const found = /"previous":(?:"([^"]*)"|null)$/.exec(named)?.[1] ?? 'none';
  const wanted = before === null ? 'it is the first' : `entry ${sequence - 1} is ${before}`;
  return `it names ${found} as the entry before it; ${wanted}`;
}
