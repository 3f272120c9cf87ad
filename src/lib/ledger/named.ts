import { CustodyError, type ErrorCode } from '../base/errors.js';
import type { ObjectStore } from './objects.js';

/** With these nobody knows whether an object was made. */
const UNSURE: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'TIMEOUT', 'STORAGE', 'THROTTLED']);

export function isUnsure(cause: unknown): boolean {
  return cause instanceof CustodyError && UNSURE.has(cause.code);
}

/**
 * Creates an object whose bytes follow from its name: a bundle, a tile, a checkpoint. When nobody knows whether it was
 * made, it is created once more, for that can only find the same one.
 * @throws CustodyError what the store throws
 */
export async function createNamed(
  objects: ObjectStore,
  name: string,
  bytes: Uint8Array,
): Promise<'created' | 'exists'> {
  try {
    return await objects.create(name, bytes);
  } catch (cause) {
    if (!isUnsure(cause)) throw cause;
    return objects.create(name, bytes);
  }
}
