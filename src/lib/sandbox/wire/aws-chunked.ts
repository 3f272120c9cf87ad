/** A body in AWS's own chunks, taken apart: the object's bytes and the trailing headers. */
export interface Unchunked {
  readonly bytes: Buffer;
  readonly trailers: Readonly<Record<string, string>>;
}

const SIZE = /^([0-9a-f]{1,8})$/i;
const TRAILER = /^([a-z0-9-]{1,64}):([\x20-\x7e]{0,1024})$/i;
const MAX_TRAILERS = 8;

/**
 * "Transferring payloads with trailing headers": `<hex size>CRLF<bytes>CRLF … 0CRLF<name>:<value>CRLF CRLF`, unsigned.
 * Null for anything that is not exactly that.
 */
export function decodeAwsChunked(body: Uint8Array): Unchunked | null {
  const all = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = lineAt(all, at);
    const size = line === null ? null : SIZE.exec(line.text);
    if (line === null || size === null) return null;
    const length = Number.parseInt(size[1] ?? '', 16);
    if (length === 0) return withTrailers(all, line.next, Buffer.concat(pieces));
    const end = line.next + length;
    if (all.length < end + 2 || all[end] !== 0x0d || all[end + 1] !== 0x0a) return null;
    pieces.push(all.subarray(line.next, end));
    at = end + 2;
  }
}

function withTrailers(all: Buffer, from: number, bytes: Buffer): Unchunked | null {
  const trailers: Record<string, string> = {};
  for (let at = from; ; ) {
    const line = lineAt(all, at);
    // The last trailer may end the body, and an empty line may follow it.
    if (line === null) return at === all.length && at > from ? { bytes, trailers } : null;
    at = line.next;
    if (line.text === '') return at === all.length ? { bytes, trailers } : null;
    const match = TRAILER.exec(line.text);
    const name = match?.[1]?.toLowerCase() ?? '';
    if (match === null || name in trailers || Object.keys(trailers).length >= MAX_TRAILERS) return null;
    trailers[name] = (match[2] ?? '').trim();
  }
}

function lineAt(all: Buffer, from: number): { readonly text: string; readonly next: number } | null {
  const end = all.indexOf('\r\n', from, 'latin1');
  if (end < 0 || end - from > 2048) return null;
  return { text: all.toString('latin1', from, end), next: end + 2 };
}
