import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

/** Version 2 of a pack's index (gitformat-pack): where each object begins, and the CRC-32 of its bytes there. */

const MAGIC = Buffer.from([0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]);
const FANOUT_BYTES = 256 * 4;
const TRAILER_BYTES = 20;
const ID_BYTES = 20;
/** Offsets from here on are looked up elsewhere: in packs over 2 GiB, which are not read as a whole. */
const FAR = 0x80000000;

/**
 * Ids of the objects of a pack whose bytes are not those that its index knows; empty where the index does not say, or where what
 * is wrong lies in none.
 */
export async function damagedEntries(packFile: string): Promise<readonly string[]> {
  const [pack, index] = await Promise.all([
    readFile(packFile).catch(() => null),
    readFile(packFile.replace(/\.pack$/, '.idx')).catch(() => null),
  ]);
  if (pack === null || index === null) return [];
  const entries = entriesOf(index);
  const ends = entries.map(({ offset }) => offset).sort((a, b) => a - b);
  ends.push(pack.length - TRAILER_BYTES);
  const next = new Map(ends.map((offset, at) => [offset, ends[at + 1] ?? offset]));
  return entries
    .filter(({ offset, crc }) => crc32(pack.subarray(offset, next.get(offset) ?? offset)) !== crc)
    .map(({ id }) => id);
}

function entriesOf(index: Buffer): readonly { readonly id: string; readonly offset: number; readonly crc: number }[] {
  if (!index.subarray(0, MAGIC.length).equals(MAGIC) || index.length < MAGIC.length + FANOUT_BYTES) return [];
  const count = index.readUInt32BE(MAGIC.length + FANOUT_BYTES - 4);
  const ids = MAGIC.length + FANOUT_BYTES;
  const crcs = ids + count * ID_BYTES;
  const offsets = crcs + count * 4;
  if (index.length < offsets + count * 4 + 2 * TRAILER_BYTES) return [];
  return Array.from({ length: count }, (_, at) => ({
    id: index.toString('hex', ids + at * ID_BYTES, ids + (at + 1) * ID_BYTES),
    offset: index.readUInt32BE(offsets + at * 4),
    crc: index.readUInt32BE(crcs + at * 4),
  })).filter(({ offset }) => offset < FAR);
}
