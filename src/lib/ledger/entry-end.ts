/** How entries end, judged without a parser: a scan looks at each of them. */

const BEFORE_DIGEST = '"previous":"sha256:';
const AFTER_DIGEST = '","record":null,"requestId":null,"schema":1,"sequence":';
const HEX = 64;
const ZERO = 0x30;
const CLOSED = 0x7d;

/** The end of an entry that tells of no record and no request, as a use of a key does: compared as bytes, without strings. */
export class EntryEnd {
  readonly #bytes = Buffer.from(`${BEFORE_DIGEST}${'0'.repeat(HEX)}${AFTER_DIGEST}`, 'latin1');

  /** @param previous the digest in hex that it must name; null for the first entry, which is none of the usual ones */
  isUsual(bundle: Buffer, from: number, to: number, previous: string | null, sequence: number): boolean {
    const bytes = this.#bytes;
    let at = to - 1;
    if (previous === null || to - from < bytes.length + 16 || bundle[at] !== CLOSED) return false;
    let rest = sequence;
    do {
      if (bundle[--at] !== ZERO + (rest % 10)) return false;
      rest = Math.floor(rest / 10);
    } while (rest > 0);
    bytes.latin1Write(previous, BEFORE_DIGEST.length, HEX);
    return bundle.compare(bytes, 0, bytes.length, at - bytes.length, at) === 0;
  }
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
