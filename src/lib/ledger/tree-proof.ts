import { EMPTY_ROOT, nodeHash, type TreeHash } from './tree.js';

/**
 * Whether proofs of a Merkle tree hold. Sizes and indexes come from strangers: they are divided, never shifted, so that
 * nothing is cut to 32 bits.
 */

export interface InclusionClaim {
  readonly leaf: TreeHash;
  readonly index: number;
  readonly size: number;
  readonly root: TreeHash;
}

/** RFC 9162 section 2.1.3.2. */
export function provesInclusion(proof: readonly TreeHash[], { leaf, index, size, root }: InclusionClaim): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  let fn = index;
  let sn = size - 1;
  let hashed = leaf;
  for (const sibling of proof) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      hashed = nodeHash(sibling, hashed);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      hashed = nodeHash(hashed, sibling);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && hashed === root;
}

export interface Tree {
  readonly size: number;
  readonly root: TreeHash;
}

/** Whether `second` begins with all of `first` (RFC 9162 section 2.1.4.2). Everything begins with the empty tree. */
export function provesConsistency(proof: readonly TreeHash[], first: Tree, second: Tree): boolean {
  if (!isCount(first.size) || !isCount(second.size) || first.size > second.size) return false;
  if (first.size === second.size) return proof.length === 0 && first.root === second.root;
  if (first.size === 0) return proof.length === 0 && first.root === EMPTY_ROOT;
  // A full old tree is a node of the new one: its root begins the path, and is not sent.
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : proof;
  let fn = first.size - 1;
  let sn = second.size - 1;
  while (isOdd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  const [start, ...rest] = path;
  if (start === undefined) return false;
  return climb(rest, fn, sn, start, { first: first.root, second: second.root });
}

function climb(
  path: readonly TreeHash[],
  firstAt: number,
  secondAt: number,
  start: TreeHash,
  roots: { readonly first: TreeHash; readonly second: TreeHash },
): boolean {
  let fn = firstAt;
  let sn = secondAt;
  let fr = start;
  let sr = start;
  for (const sibling of path) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      fr = nodeHash(sibling, fr);
      sr = nodeHash(sibling, sr);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      sr = nodeHash(sr, sibling);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && fr === roots.first && sr === roots.second;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest > 1 && rest % 2 === 0) rest /= 2;
  return rest === 1;
}
