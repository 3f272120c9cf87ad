import { GrowingTree } from './growing-tree.js';
import { createNamed } from './named.js';
import { type ObjectStore, readOrNone } from './objects.js';
import { createSlotLedger } from './slots.js';
import {
  formatTile,
  hashInTile,
  parseTile,
  rootOfTile,
  TILE_LEVELS,
  TILE_WIDTH,
  type Tile,
  tileOf,
  tilePath,
} from './tiles.js';
import {
  HASH_BYTES,
  inclusionRanges,
  type LeafRange,
  leafHash,
  nodeHash,
  rangeHash,
  type Subtree,
  subtreesOf,
  type TreeHash,
} from './tree.js';

/** Where hashes of full subtrees come from: the leaves of a small ledger, or the tiles and entries of a large one. */
export type HashSubtree = (subtree: Subtree) => Promise<TreeHash>;

/** Subtrees of leaves that are in memory. */
export function overLeaves(leaves: readonly TreeHash[]): HashSubtree {
  return async ({ level, index }) => {
    const tree = new GrowingTree();
    for (const leaf of leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)) tree.add(leaf);
    return tree.root();
  };
}

/** From tiles where there are any; else from the entries. Nothing is believed: what is proven with it is checked after. */
export function overObjects(objects: ObjectStore): HashSubtree {
  const hashOf: HashSubtree = async (subtree) => {
    const { level, index } = subtree;
    const own = await readTile(objects, tileOf(subtree));
    if (own !== null) return hashInTile(subtree, own);
    const inTile = level % TILE_LEVELS;
    if (level >= TILE_LEVELS && (await isTiled(objects, index * 2 ** level))) {
      // The tile above is not full yet: its hashes are the roots of the full tiles below.
      const below =
        inTile > 0 ? null : await readTile(objects, { level: level / TILE_LEVELS - 1, index, width: TILE_WIDTH });
      if (below !== null) return rootOfTile(below);
      const [left, right] = [2 * index, 2 * index + 1].map((child) => ({ level: level - 1, index: child }));
      if (left && right) return nodeHash(await hashOf(left), await hashOf(right));
    }
    return overEntries(objects, index * 2 ** level, (index + 1) * 2 ** level);
  };
  return hashOf;
}

async function isTiled(objects: ObjectStore, leaf: number): Promise<boolean> {
  return (await readTile(objects, tileOf({ level: 0, index: leaf }))) !== null;
}

/** From the entries alone: whoever may write can have put anything in the place of a tile, for good. */
export function overStoredEntries(objects: ObjectStore): HashSubtree {
  return ({ level, index }) => overEntries(objects, index * 2 ** level, (index + 1) * 2 ** level);
}

/** Null where there is none: what is no tile, or too large, or no plain file, is none either. */
export async function readTile(objects: ObjectStore, tile: Tile): Promise<readonly TreeHash[] | null> {
  const bytes = await readOrNone(objects, tilePath(tile));
  return bytes?.length === tile.width * HASH_BYTES ? parseTile(bytes, tile) : null;
}

async function overEntries(objects: ObjectStore, from: number, to: number): Promise<TreeHash> {
  const tree = new GrowingTree();
  for await (const leaf of leavesFrom(objects, from)) {
    tree.add(leaf);
    if (from + tree.size === to) break;
  }
  return tree.root();
}

async function* leavesFrom(objects: ObjectStore, from: number): AsyncGenerator<TreeHash> {
  for await (const { first, entries } of createSlotLedger(objects).batches(from)) {
    for (const entry of entries.slice(Math.max(0, from - first))) yield leafHash(entry);
  }
}

/** The inclusion proof of leaf `index` in the tree of the first `size` leaves. */
export async function proveInclusion(index: number, size: number, hashOf: HashSubtree): Promise<readonly TreeHash[]> {
  return hashRanges(inclusionRanges(index, size), hashOf);
}

/** The hashes of ranges that a proof consists of. */
export async function hashRanges(ranges: readonly LeafRange[], hashOf: HashSubtree): Promise<readonly TreeHash[]> {
  const hashes: TreeHash[] = [];
  for (const range of ranges) {
    const known = new Map<string, TreeHash>();
    for (const subtree of subtreesOf(range)) known.set(nameOf(subtree), await hashOf(subtree));
    hashes.push(rangeHash(range, (subtree) => known.get(nameOf(subtree)) ?? ''));
  }
  return hashes;
}

function nameOf({ level, index }: Subtree): string {
  return `${level}/${index}`;
}

/**
 * Stores the full tiles of the first `size` entries that are not there yet, the lowest first. Anybody makes the same ones.
 * @returns how many were made
 */
export async function storeTiles(objects: ObjectStore, size: number): Promise<number> {
  let made = await storeLeafTiles(objects, Math.floor(size / TILE_WIDTH));
  for (let level = 1, width = TILE_WIDTH ** 2; width <= size; level++, width *= TILE_WIDTH) {
    const count = Math.floor(size / width);
    for (let index = await firstMissing(objects, level, count); index < count; index++) {
      const hashes: TreeHash[] = [];
      for (let at = index * TILE_WIDTH; at < (index + 1) * TILE_WIDTH; at++) {
        const below = await readTile(objects, { level: level - 1, index: at, width: TILE_WIDTH });
        const leaves = width / TILE_WIDTH;
        hashes.push(below ? rootOfTile(below) : await overEntries(objects, at * leaves, (at + 1) * leaves));
      }
      made += await storeTile(objects, level, index, hashes);
    }
  }
  return made;
}

async function storeLeafTiles(objects: ObjectStore, count: number): Promise<number> {
  let index = await firstMissing(objects, 0, count);
  if (index >= count) return 0;
  let made = 0;
  let hashes: TreeHash[] = [];
  for await (const leaf of leavesFrom(objects, index * TILE_WIDTH)) {
    if (hashes.push(leaf) < TILE_WIDTH) continue;
    made += await storeTile(objects, 0, index, hashes);
    hashes = [];
    if (++index === count) break;
  }
  return made;
}

async function storeTile(objects: ObjectStore, level: number, index: number, hashes: readonly TreeHash[]) {
  const path = tilePath({ level, index, width: TILE_WIDTH });
  return (await createNamed(objects, path, formatTile(hashes))) === 'created' ? 1 : 0;
}

/** Tiles are made in order: the first of `count` that is not there, by halves. */
async function firstMissing(objects: ObjectStore, level: number, count: number): Promise<number> {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await readTile(objects, { level, index: middle, width: TILE_WIDTH })) === null) high = middle;
    else low = middle + 1;
  }
  return low;
}
