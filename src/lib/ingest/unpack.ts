import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CustodyError } from '../base/errors.js';

const unzip = promisify(gunzip);

/**
 * A stored file as it was before it was packed; one that is not packed is given back as it is.
 * @throws CustodyError RECORD_MALFORMED for what is packed wrongly, or larger than `maxBytes` unpacked: a bomb is let go
 * as soon as it has grown that far
 */
export async function unpack(stored: Uint8Array, name: string, maxBytes: number): Promise<Uint8Array> {
  // RFC 1952, section 2.3.1.
  if (stored[0] === 0x1f && stored[1] === 0x8b) {
    return unzip(stored, { maxOutputLength: maxBytes }).catch((cause: unknown) => {
      const why = isTooLarge(cause) ? `it is larger than ${maxBytes} bytes` : 'it cannot be unpacked';
      throw new CustodyError('RECORD_MALFORMED', `${name}: ${why}`, { cause });
    });
  }
  if (stored.length <= maxBytes) return stored;
  throw new CustodyError('RECORD_MALFORMED', `${name}: it is larger than ${maxBytes} bytes`);
}

function isTooLarge(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
}
