import { hash } from 'node:crypto';

/**
 * The Merkle tree over a ledger's entries: RFC 6962 section 2.1 hashing with SHA-256, proofs as RFC 9162 section 2.1.
 * A leaf is the stored bytes of an entry, and its number the entry's.
 */

/** A SHA-256 as 16 characters of two bytes each, the low one first: the form that Node hashes to and writes from fastest. */
export type TreeHash = string;

export const HASH_BYTES = 32;
export const HASH_CHARACTERS = 16;
/** What Node calls the encoding of a hash. */
export const HASH_ENCODING = 'ucs2';
/** The root of a tree without leaves: the SHA-256 of nothing. */
export const EMPTY_ROOT: TreeHash = hash('sha256', '', HASH_ENCODING);

/** What comes before the bytes of an entry. */
export const LEAF = 0x00;
const NODE = 0x01;

/** SHA-256(0x00 ‖ entry). */
export function leafHash(entry: Uint8Array): TreeHash {
  const bytes = Buffer.allocUnsafe(entry.length + 1);
  bytes[0] = LEAF;
  bytes.set(entry, 1);
  return hash('sha256', bytes, HASH_ENCODING);
}

const pair = Buffer.alloc(1 + 2 * HASH_BYTES);
pair[0] = NODE;

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: TreeHash, right: TreeHash): TreeHash {
  pair.ucs2Write(left, 1, HASH_BYTES);
  pair.ucs2Write(right, 1 + HASH_BYTES, HASH_BYTES);
  return hash('sha256', pair, HASH_ENCODING);
}

export function hashBytes(value: TreeHash): Buffer {
  return Buffer.from(value, HASH_ENCODING);
}

/** Null for anything but 32 bytes. */
export function hashOfBytes(bytes: Uint8Array): TreeHash | null {
  return bytes.length === HASH_BYTES ? Buffer.from(bytes).toString(HASH_ENCODING) : null;
}

/** Hash `n` of those that lie one behind the other. */
export function hashAt(hashes: Buffer, n: number): TreeHash {
  return hashes.toString(HASH_ENCODING, n * HASH_BYTES, (n + 1) * HASH_BYTES);
}

/** The root over the hashes of full subtrees, the largest first. */
export function foldPeaks(peaks: readonly TreeHash[]): TreeHash {
  let root = peaks.at(-1);
  if (root === undefined) return EMPTY_ROOT;
  for (let at = peaks.length - 2; at >= 0; at--) root = nodeHash(peaks[at] ?? '', root);
  return root;
}

/** How many full subtrees `size` leaves consist of: the ones in its binary form. */
export function peakCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** A full subtree: leaves `index` × 2^`level` to (`index` + 1) × 2^`level`, exclusive. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** Leaves `from` to `to` (exclusive). */
export interface LeafRange {
  readonly from: number;
  readonly to: number;
}

/** The ranges whose hashes prove leaf `index` of a tree of `size`, in the order of the proof (RFC 9162 section 2.1.3.1). */
export function inclusionRanges(index: number, size: number): readonly LeafRange[] {
  const ranges: LeafRange[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from);
    const isLeft = index < middle;
    ranges.push(isLeft ? { from: middle, to } : { from, to: middle });
    if (isLeft) to = middle;
    else from = middle;
  }
  return ranges.reverse();
}

/**
 * The ranges whose hashes prove that a tree of `size` begins with the tree of its first `first` leaves (RFC 9162 section
 * 2.1.4.1).
 * @param first from 1 to `size`
 */
export function consistencyRanges(first: number, size: number): readonly LeafRange[] {
  if (first === size) return [];
  const ranges: LeafRange[] = [];
  let from = 0;
  let to = size;
  while (to !== first) {
    const middle = from + largestPowerBelow(to - from);
    const isLeft = first <= middle;
    ranges.push(isLeft ? { from: middle, to } : { from, to: middle });
    if (isLeft) to = middle;
    else from = middle;
  }
  // The subtree that both trees share is left out where it is the whole of the old one: its root is known.
  if (from !== 0) ranges.push({ from, to });
  return ranges.reverse();
}

/** The full subtrees that a range of a proof consists of, left to right. @param range begins at a multiple of its size */
export function subtreesOf({ from, to }: LeafRange): readonly Subtree[] {
  const subtrees: Subtree[] = [];
  let at = from;
  while (at < to) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= to) level++;
    subtrees.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return subtrees;
}

/** The hash of a range (MTH of RFC 6962 section 2.1) from those of its full subtrees. */
export function rangeHash(range: LeafRange, hashOf: (subtree: Subtree) => TreeHash): TreeHash {
  return foldPeaks(subtreesOf(range).map(hashOf));
}

function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}
