import type { BinaryLike } from 'node:crypto';

/** Node gives a hash in any encoding of bytes; the types know those that are text for people. */
declare module 'node:crypto' {
  function hash(algorithm: string, data: BinaryLike, outputEncoding: 'ucs2'): string;
}
