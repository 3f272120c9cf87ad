import { LANES_END, type NodeLanes, openNodeLanes } from './node-lanes.js';
import { foldPeaks, HASH_BYTES, HASH_ENCODING, hashAt, nodeHash, type TreeHash } from './tree.js';

/** Leaves that wait for their nodes: they and a peak of each height fit into the memory of the lanes. */
const ROW = 1024;
const ROW_AT = LANES_END - ROW * HASH_BYTES;
/** Below that, lanes would mostly be empty. */
const FEW = 16;

/** A tree that grows at its right edge; it keeps one hash for each bit of its size. */
export class GrowingTree {
  #size: number;
  /** Of the leaves that do not wait. */
  readonly #peaks: TreeHash[];
  readonly #waiting = Buffer.allocUnsafe(ROW * HASH_BYTES);
  #count = 0;

  /** @param peaks the hashes of the full subtrees that `size` leaves consist of, the largest first */
  constructor(size = 0, peaks: readonly TreeHash[] = []) {
    this.#size = size;
    this.#peaks = [...peaks];
  }

  get size(): number {
    return this.#size;
  }

  /** What another tree can go on from. */
  get peaks(): readonly TreeHash[] {
    this.#settle();
    return [...this.#peaks];
  }

  add(leaf: TreeHash): void {
    this.#waiting.write(leaf, this.#count * HASH_BYTES, HASH_ENCODING);
    this.#took(1);
  }

  /** @param leaves their hashes, one behind the other */
  addRow(leaves: Uint8Array): void {
    for (let at = 0; at < leaves.length; ) {
      const taken = Math.min((ROW - this.#count) * HASH_BYTES, leaves.length - at);
      this.#waiting.set(leaves.subarray(at, at + taken), this.#count * HASH_BYTES);
      this.#took(taken / HASH_BYTES);
      at += taken;
    }
  }

  root(): TreeHash {
    this.#settle();
    return foldPeaks(this.#peaks);
  }

  #took(leaves: number): void {
    this.#count += leaves;
    this.#size += leaves;
    if (this.#count === ROW) this.#settle();
  }

  #settle(): void {
    const before = this.#size - this.#count;
    const lanes = this.#count < FEW ? null : openNodeLanes();
    if (lanes === null) {
      for (let n = 0; n < this.#count; n++) addPeak(this.#peaks, before + n, hashAt(this.#waiting, n));
    } else addRow(lanes, this.#peaks, before, this.#waiting, this.#count);
    this.#count = 0;
  }
}

/** One full subtree of each height is merged for each 1 at the end of the size in binary. */
function addPeak(peaks: TreeHash[], size: number, leaf: TreeHash): void {
  let hashed = leaf;
  for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) hashed = nodeHash(peaks.pop() ?? '', hashed);
  peaks.push(hashed);
}

/** The same for `count` leaves, height by height: an old peak comes first in its row, a last node without a pair stays. */
function addRow(lanes: NodeLanes, peaks: TreeHash[], size: number, leaves: Uint8Array, count: number): void {
  const left: TreeHash[] = [];
  let at = ROW_AT;
  lanes.putRow(leaves.subarray(0, count * HASH_BYTES), at);
  for (let rest = size, row = count; row > 0; rest = Math.floor(rest / 2), row = Math.floor(row / 2)) {
    if (rest % 2 === 1) {
      at -= HASH_BYTES;
      lanes.put(peaks.pop() ?? '', at);
      row++;
    }
    if (row % 2 === 1) left.push(lanes.get(at + (row - 1) * HASH_BYTES));
    if (row > 1) lanes.hash(at, Math.floor(row / 2));
  }
  peaks.push(...left.reverse());
}
