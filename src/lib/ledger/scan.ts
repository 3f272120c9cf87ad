import { hash } from 'node:crypto';
import { type Digest, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { type ChainFault, parseEntry } from './chain.js';
import { EntryEnd, tailOf } from './entry-end.js';
import { GrowingTree } from './growing-tree.js';
import type { LedgerHead } from './store.js';
import { leafHashInPlace, type TreeHash } from './tree.js';

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
const LENGTH_BYTES = 2;

export class LedgerScan {
  readonly faults: ChainFault[] = [];
  readonly #tree: GrowingTree;
  readonly #end = new EntryEnd();
  readonly #rootsAt = new Map<number, TreeHash>();
  readonly #awaited: number[];
  #digest: Digest | null;
  /** The digest of the newest entry in hex, as the next one must name it; `links` and `forms` keep it. */
  #previous: string | null;

  /** @param sizes at which the root is wanted */
  constructor(
    start: ScanStart,
    readonly depth: Depth,
    sizes: Iterable<number> = [],
    private readonly onLeaf: (leaf: TreeHash) => void = () => undefined,
  ) {
    this.#tree = new GrowingTree(start.size, start.peaks);
    this.#digest = start.digest;
    this.#previous = start.digest?.slice('sha256:'.length) ?? null;
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
    const first = this.#tree.size;
    let from = 0;
    let to = 0;
    for (let at = 0; at < bundle.length; at = to) {
      from = at + LENGTH_BYTES;
      to = from <= bundle.length ? from + bundle.readUInt16BE(at) : Number.POSITIVE_INFINITY;
      if (to > bundle.length) {
        this.fault(this.#tree.size, 'its bundle ends within it');
        break;
      }
      this.#addEntry(bundle, from, to);
    }
    const count = this.#tree.size - first;
    if (count > 0 && to <= bundle.length) this.#digest = digestOf(bundle.subarray(from, to));
    return count;
  }

  #addEntry(bundle: Buffer, from: number, to: number): void {
    if (this.depth !== 'hashes') this.#judgeLink(bundle, from, to);
    const leaf = leafHashInPlace(bundle, from, to);
    this.#tree.add(leaf);
    this.onLeaf(leaf);
    if (this.#tree.size === this.#awaited.at(-1)) this.#keepRoots();
  }

  #keepRoots(): void {
    const { size } = this.#tree;
    if (this.#awaited.at(-1) !== size) return;
    this.#awaited.pop();
    this.#rootsAt.set(size, this.#tree.root());
  }

  #judgeLink(bundle: Buffer, from: number, to: number): void {
    const sequence = this.#tree.size;
    if (!this.#end.isUsual(bundle, from, to, this.#previous, sequence)) this.#judgeEnd(bundle, from, to);
    if (this.depth === 'forms') this.#judgeForm(bundle.subarray(from, to), sequence);
    this.#previous = hash('sha256', bundle.subarray(from, to), 'hex');
  }

  #judgeEnd(bundle: Buffer, from: number, to: number): void {
    const sequence = this.#tree.size;
    const named = tailOf(bundle, from, to, sequence);
    const expected = this.#previous === null ? '"previous":null' : `"previous":"sha256:${this.#previous}"`;
    if (named === null) this.fault(sequence, `it does not end as entry ${sequence} does`);
    else if (!named.endsWith(expected)) this.fault(sequence, this.#linkFault(named));
  }

  /** A link that does not hold is the fault of one of two entries; what follows tells which. */
  #linkFault(named: string): string {
    const found = /"previous":(?:"([^"]*)"|null)$/.exec(named)?.[1] ?? 'none';
    const wanted = this.#previous === null ? 'none' : `sha256:${this.#previous}`;
    const before = this.#tree.size === 0 ? 'it is the first' : `entry ${this.#tree.size - 1} is ${wanted}`;
    return `it names ${found} as the entry before it; ${before}`;
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
