import { CustodyError } from '../base/errors.js';
import {
  HASH_BYTES,
  HASH_CHARACTERS,
  HASH_ENCODING,
  hashBytes,
  nodeHash,
  type Subtree,
  type TreeHash,
} from './tree.js';

/** The tree as files, as c2sp.org/tlog-tiles lays it out. */

export const TILE_WIDTH = 256;
/** The height of a tile. */
export const TILE_LEVELS = 8;
const MAX_LEVEL = 63;

export interface Tile {
  /** 0 holds the hashes of leaves, each further level the hashes of full tiles below. */
  readonly level: number;
  readonly index: number;
  /** 1 to 256; 256 is a full tile. */
  readonly width: number;
}

/** `tile/<level>/<index>`, with `.p/<width>` for a tile that is not full. */
export function tilePath({ level, index, width }: Tile): string {
  return `tile/${level}/${indexPath(index)}${widthPath(width)}`;
}

/** `tile/entries/<index>`: the entries whose hashes a tile of level 0 holds. */
export function entriesPath({ index, width }: Omit<Tile, 'level'>): string {
  return `tile/entries/${indexPath(index)}${widthPath(width)}`;
}

function indexPath(index: number): string {
  const parts: string[] = [];
  let rest = index;
  do {
    parts.unshift(String(rest % 1000).padStart(3, '0'));
    rest = Math.floor(rest / 1000);
  } while (rest > 0);
  return parts.map((part, at) => (at < parts.length - 1 ? `x${part}` : part)).join('/');
}

function widthPath(width: number): string {
  return width === TILE_WIDTH ? '' : `.p/${width}`;
}

const TILE_PATH = /^tile\/(0|[1-9][0-9]?)\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** The inverse of `tilePath`; null for another path. */
export function parseTilePath(path: string): Tile | null {
  const [, level, digits, width] = TILE_PATH.exec(path) ?? [];
  if (level === undefined || digits === undefined) return null;
  const index = Number(digits.replaceAll(/[x/]/g, ''));
  const tile = { level: Number(level), index, width: width === undefined ? TILE_WIDTH : Number(width) };
  if (tile.level > MAX_LEVEL || tile.width > TILE_WIDTH) return null;
  // One name a tile: a leading x000 or .p/256 would be a second one.
  return tilePath(tile) === path ? tile : null;
}

export function formatTile(hashes: readonly TreeHash[]): Uint8Array {
  return Buffer.concat(hashes.map(hashBytes));
}

/** The inverse of `formatTile`. @throws CustodyError LEDGER_BROKEN for bytes that are no tile of this width */
export function parseTile(bytes: Uint8Array, tile: Tile): readonly TreeHash[] {
  if (bytes.length !== tile.width * HASH_BYTES) {
    throw new CustodyError(
      'LEDGER_BROKEN',
      `${tilePath(tile)} has ${bytes.length} bytes, not ${tile.width * HASH_BYTES}`,
    );
  }
  const text = Buffer.from(bytes).toString(HASH_ENCODING);
  return Array.from({ length: tile.width }, (_, at) => text.slice(at * HASH_CHARACTERS, (at + 1) * HASH_CHARACTERS));
}

/** The full tile that a full subtree lies in, were it full: where its hash can be read or computed from. */
export function tileOf({ level, index }: Subtree): Tile {
  const inTile = level % TILE_LEVELS;
  return {
    level: (level - inTile) / TILE_LEVELS,
    index: Math.floor((index * 2 ** inTile) / TILE_WIDTH),
    width: TILE_WIDTH,
  };
}

/** The hash of a full subtree from the hashes of its tile. */
export function hashInTile({ level, index }: Subtree, hashes: readonly TreeHash[]): TreeHash {
  const count = 2 ** (level % TILE_LEVELS);
  const from = (index * count) % TILE_WIDTH;
  return rootOfTile(hashes.slice(from, from + count));
}

/** The root over the hashes of a full tile, or of another power of two of them. */
export function rootOfTile(hashes: readonly TreeHash[]): TreeHash {
  let row = hashes;
  while (row.length > 1) row = row.flatMap((left, at) => (at % 2 === 0 ? [nodeHash(left, row[at + 1] ?? '')] : []));
  return row[0] ?? '';
}
