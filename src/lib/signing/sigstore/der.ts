import { CustodyError } from '../../base/errors.js';

/** One element of DER (X.690): its tag byte and its contents. */
export interface DerElement {
  readonly tag: number;
  readonly contents: Buffer;
}

export const DER_TAG = { oid: 0x06, utf8: 0x0c, sequence: 0x30, email: 0x81, uri: 0x86 } as const;

/**
 * The elements that `bytes` consist of, one after another, to the last byte.
 * Only what names in certificates need: one-byte tags, lengths below 2^16 in their shortest form.
 * @throws CustodyError RECORD_MALFORMED
 */
export function readDer(bytes: Buffer): readonly DerElement[] {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { start, length } = readLength(bytes, at + 1);
    if (start + length > bytes.length) throw malformed();
    elements.push({ tag: bytes.readUInt8(at), contents: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return elements;
}

function readLength(bytes: Buffer, at: number): { readonly start: number; readonly length: number } {
  const first = bytes[at] ?? 0xff;
  if (first < 0x80) return { start: at + 1, length: first };
  const size = first - 0x80;
  if (size < 1 || size > 2 || at + size >= bytes.length) throw malformed();
  const length = bytes.readUIntBE(at + 1, size);
  if (length < (size === 1 ? 0x80 : 0x100)) throw malformed();
  return { start: at + 1 + size, length };
}

/** The only element of `bytes`, which must have `tag`. @throws CustodyError RECORD_MALFORMED */
export function readOneDer(bytes: Buffer, tag: number): Buffer {
  const [element, ...more] = readDer(bytes);
  if (element?.tag === tag && more.length === 0) return element.contents;
  throw malformed();
}

function malformed(): CustodyError {
  return new CustodyError('RECORD_MALFORMED', 'a certificate has an extension that is not DER as expected');
}
