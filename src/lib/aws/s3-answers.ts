import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { MAX_OBJECT_BYTES } from '../ledger/objects.js';

/** What S3 answers about one object, and what its errors say. */

/** No more than an object may have, whatever the answer's header says. */
export async function bodyOf(name: string, body: unknown, length: number | undefined): Promise<Uint8Array> {
  if (length !== undefined && length > MAX_OBJECT_BYTES) throw tooLarge(name);
  if (!isStream(body)) throw new CustodyError('UNAVAILABLE', `S3's answer for ${name} has no body`);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    // Leaving the loop closes the stream.
    if (size > MAX_OBJECT_BYTES) throw tooLarge(name);
    parts.push(part);
  }
  if (length !== undefined && size !== length) {
    throw new CustodyError('UNAVAILABLE', `S3's answer for ${name} broke off after ${size} of ${length} bytes`);
  }
  return Buffer.concat(parts);
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

/** The error's name in the S3 API; empty for what is none. */
export function nameOf(cause: unknown): string {
  return isObject(cause) && typeof cause.name === 'string' ? cause.name : '';
}

/** The HTTP status; null where nothing answered. */
export function statusOf(cause: unknown): number | null {
  const metadata = isObject(cause) && isObject(cause.$metadata) ? cause.$metadata : {};
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : null;
}

/** Whether S3 tells of a delete marker in the object's place. */
export function isMarked(cause: unknown): boolean {
  const response = isObject(cause) && isObject(cause.$response) ? cause.$response : {};
  const headers = isObject(response.headers) ? response.headers : {};
  return headers['x-amz-delete-marker'] === 'true';
}

/** The error for an object under a delete marker. */
export function deleted(name: string): CustodyError {
  return new CustodyError('LEDGER_BROKEN', `${name} was deleted: a delete marker lies in its place`, {
    details: { name },
  });
}

/** The error for an object beyond the limit. */
export function tooLarge(name: string): CustodyError {
  return new CustodyError('LIMIT_EXCEEDED', `${name} has more than ${MAX_OBJECT_BYTES} bytes`, {
    details: { name, maxBytes: MAX_OBJECT_BYTES },
  });
}
