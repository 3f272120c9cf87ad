import { createHash, hash } from 'node:crypto';

/** `sha256:` and 64 lower-case hex characters. */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

export function sha256(bytes: Uint8Array | string): Buffer {
  return createHash('sha256').update(bytes).digest();
}

export function sha256Hex(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex');
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${sha256Hex(bytes)}`;
}

export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && DIGEST.test(value);
}

export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

export function digestFromHex(hex: string): Digest {
  return `sha256:${hex}`;
}

/** Strict base64 (RFC 4648 section 4, padded, no white space, no stray bits); `null` when it is not. */
export function decodeBase64(text: string): Buffer | null {
  // Writing it again is the whole grammar: Buffer skips what it cannot read, and any skip shows.
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** RFC 4648 section 6 base32, lower case, unpadded. */
export function encodeBase32(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(value >>> bits) & 31];
    }
  }
  if (bits > 0) text += BASE32[(value << (5 - bits)) & 31];
  return text;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Strict UTF-8; `null` for bytes that are not, and for a byte order mark at the start. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    const text = UTF8.decode(bytes);
    return text.charCodeAt(0) === 0xfeff ? null : text;
  } catch {
    return null;
  }
}

/** Overwrites a buffer that held a secret. */
export function wipe(bytes: Uint8Array): void {
  bytes.fill(0);
}
