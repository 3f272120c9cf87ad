import { NODE_LANES_CODE, NODE_LANES_FREE } from './node-lanes-code.js';
import { HASH_BYTES, HASH_CHARACTERS, HASH_ENCODING, leafHash, nodeHash, type TreeHash } from './tree.js';

/**
 * Nodes of a tree hashed four at a time, in the lanes of vectors: Node's own SHA-256 takes twice as long for so few bytes,
 * most of it between JavaScript and OpenSSL.
 */
export interface NodeLanes {
  /** Lays a hash into the row. @param at even, from `LANES_FREE` to `LANES_END` */
  put(hash: TreeHash, at: number): void;
  /** Lays hashes that lie one behind the other. */
  putRow(hashes: Uint8Array, at: number): void;
  get(at: number): TreeHash;
  /**
   * Hashes `pairs` pairs of hashes that begin at `at`; the answers are written from `at` on. Up to three hashes behind
   * them are overwritten.
   */
  hash(at: number, pairs: number): void;
}

const LANES = 4;
/** A byte is free before the first hash: it is read with it. */
export const LANES_FREE = NODE_LANES_FREE + HASH_BYTES;
/** Behind it, the last lanes may read and write what nobody wants. */
export const LANES_END = 65_536 - 2 * LANES * HASH_BYTES;

let opened: NodeLanes | null | undefined;

/**
 * Null where they cannot be used: without WebAssembly (`node --jitless`), on a processor without vectors, or when the
 * answers differ from node:crypto's. The tree is then the same, later.
 */
export function openNodeLanes(): NodeLanes | null {
  if (opened === undefined) opened = instantiate();
  return opened;
}

function instantiate(): NodeLanes | null {
  if (typeof WebAssembly === 'undefined') return null;
  try {
    const { memory, nodes } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(NODE_LANES_CODE, 'base64')))
      .exports;
    if (!(memory instanceof WebAssembly.Memory)) return null;
    const lanes = over(memory.buffer, nodes as (from: number, to: number, groups: number) => void);
    return agrees(lanes) ? lanes : null;
  } catch {
    // A compiler that does not know vectors, or no memory to be had.
    return null;
  }
}

function over(memory: ArrayBuffer, run: (from: number, to: number, groups: number) => void): NodeLanes {
  const characters = new Uint16Array(memory);
  const bytes = Buffer.from(memory);
  return {
    put: (hash, at) => {
      for (let n = 0; n < HASH_CHARACTERS; n++) characters[at / 2 + n] = hash.charCodeAt(n);
    },
    putRow: (hashes, at) => bytes.set(hashes, at),
    get: (at) => bytes.toString(HASH_ENCODING, at, at + HASH_BYTES),
    hash: (at, pairs) => run(at - 1, at, Math.ceil(pairs / LANES)),
  };
}

function agrees({ put, get, hash }: NodeLanes): boolean {
  const hashes = Array.from({ length: 2 * LANES }, (_, n) => leafHash(Buffer.of(n)));
  for (const [n, leaf] of hashes.entries()) put(leaf, LANES_FREE + n * HASH_BYTES);
  hash(LANES_FREE, LANES);
  const isSame = (n: number) =>
    get(LANES_FREE + n * HASH_BYTES) === nodeHash(hashes[2 * n] ?? '', hashes[2 * n + 1] ?? '');
  return [0, 1, 2, 3].every(isSame);
}
