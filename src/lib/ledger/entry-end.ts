import { HASH_BYTES } from './tree.js';

/** How entries end, judged without a parser: a scan looks at each of them. */

/** Compared four bytes at a time. */
const BEFORE = wordsOf(',"previous":"sha256:');
const AFTER = wordsOf('","record":null,"requestId":null,"schema":1,"sequenc');
const AFTER_ALL = wordsOf('ce":');
const BEFORE_BYTES = 20;
/** The last four of them overlap with those before. */
const AFTER_BYTES = 55;
const HEX_BYTES = 2 * HASH_BYTES;
const USUAL_BYTES = BEFORE_BYTES + HEX_BYTES + AFTER_BYTES;
const ZERO = 0x30;
const CLOSED = 0x7d;
/** The two characters of a byte in hex, the first one low. */
const HEX = Uint16Array.from({ length: 256 }, (_, byte) => Buffer.from(Buffer.of(byte).toString('hex')).readUInt16LE());

function wordsOf(text: string): Int32Array {
  const bytes = Buffer.from(text, 'latin1');
  return Int32Array.from({ length: bytes.length / 4 }, (_, n) => bytes.readInt32LE(4 * n));
}

/**
 * Whether the entry `bundle[from, to)` ends as one that tells of no record and no request, as a use of a key does: with
 * its number, and with the digest of the one before it. All others are for `tailOf`.
 * @param hashes at `at` it has the hash that the entry must name
 */
export function isUsualEnd(
  bundle: DataView,
  from: number,
  to: number,
  hashes: Uint8Array,
  at: number,
  sequence: number,
): boolean {
  let end = to - 1;
  if (end - from < USUAL_BYTES + 10 || bundle.getUint8(end) !== CLOSED) return false;
  let rest = sequence;
  do {
    if (bundle.getUint8(--end) !== ZERO + (rest % 10)) return false;
    // Whole numbers stay whole numbers for the compiler: Math.floor takes four times as long.
    rest = (rest / 10) | 0;
  } while (rest > 0);
  const hex = end - AFTER_BYTES - HEX_BYTES;
  for (let n = 0; n < HASH_BYTES; n++) {
    if (bundle.getUint16(hex + 2 * n, true) !== HEX[hashes[at + n] ?? 0]) return false;
  }
  if (!hasWords(bundle, hex - BEFORE_BYTES, BEFORE)) return false;
  return hasWords(bundle, end - AFTER_BYTES, AFTER) && hasWords(bundle, end - 4, AFTER_ALL);
}

function hasWords(bundle: DataView, from: number, words: Int32Array): boolean {
  for (let n = 0; n < words.length; n++) {
    if (bundle.getInt32(from + 4 * n, true) !== words[n]) return false;
  }
  return true;
}

/** The longest end of an entry from the name `previous` on. */
const TAIL_BYTES = 300;
const NULL_REQUEST = ',"requestId":null';
const REQUEST_LENGTH = ',"requestId":"r-abcdefghij"'.length;
const NULL_RECORD = ',"record":null';
const RECORD_LENGTH = ',"record":"sha256:"'.length + 64;

/**
 * The entry up to the end of its member `previous`, without a parser: in the canonical form the members `previous`,
 * `record`, `requestId`, `schema` and `sequence` come last in this order, and the four last have few forms. Null when it
 * does not end so.
 */
export function tailOf(bundle: Buffer, from: number, to: number, sequence: number): string | null {
  const tail = bundle.latin1Slice(Math.max(from, to - TAIL_BYTES), to);
  const end = `,"schema":1,"sequence":${sequence}}`;
  if (!tail.endsWith(end)) return null;
  let at = tail.length - end.length;
  if (tail.endsWith(NULL_REQUEST, at)) at -= NULL_REQUEST.length;
  else if (tail.startsWith(',"requestId":"r-', at - REQUEST_LENGTH)) at -= REQUEST_LENGTH;
  else return null;
  if (tail.endsWith(NULL_RECORD, at)) at -= NULL_RECORD.length;
  else if (tail.startsWith(',"record":"sha256:', at - RECORD_LENGTH)) at -= RECORD_LENGTH;
  else return null;
  return tail.slice(0, at);
}
