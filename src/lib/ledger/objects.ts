import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';

/** What a name may be: parts of lower-case letters, digits, `.`, `_` and `-`, joined by `/`; no part starts with a dot. */
export const OBJECT_NAME = /^(?:[a-z0-9][a-z0-9._-]{0,127}\/){0,7}[a-z0-9][a-z0-9._-]{0,127}$/;
/** The largest object that is written or read. */
export const MAX_OBJECT_BYTES = 64 * 1024 * 1024;

/** One name as a store has kept it. A store without versions gives one version and no marker. */
export interface ObjectHistory {
  readonly name: string;
  /** How many versions lie under the name: more than one is an overwrite (T40). */
  readonly versions: number;
  /** Somebody put a delete marker over it: it seems gone, and its name seems free. */
  readonly deleteMarkers: number;
  /** When the first version was made, by the store's clock; null where it does not say. */
  readonly createdAt: Instant | null;
  /**
   * Until when nobody at all can delete the first version, as the store says; null where it knows no such retention
   * (in S3: GOVERNANCE mode is none, since a permission bypasses it).
   */
  readonly retainedUntil: Instant | null;
}

/**
 * PORT: a store of objects that are written once. Creation is the only write, and it is the lock: of two writers of one
 * name one gets `created`. An object is durable before `create` answers.
 * @throws CustodyError UNAVAILABLE, THROTTLED, STORAGE, DENIED; LIMIT_EXCEEDED for more than MAX_OBJECT_BYTES
 */
export interface ObjectStore {
  /** `exists` when the name is taken, by whatever bytes; they are left as they are. */
  create(name: string, bytes: Uint8Array): Promise<'created' | 'exists'>;
  /**
   * The bytes of the FIRST version, however many lie above it, markers included; null when the name was never taken.
   * @param room memory of the caller's that the answer may lie in, where it fits: whoever reads much uses it again
   */
  read(name: string, room?: Buffer): Promise<Uint8Array | null>;
  /** Names under `prefix` that come after `after`, in byte order of the whole name, those under a delete marker included. */
  list(prefix: string, after?: string): AsyncIterable<string>;
  /** The same names with what the store has kept of each, for audits. */
  histories(prefix: string): AsyncIterable<ObjectHistory>;
}

/** The bytes of a name that anybody who may write could have taken; null as well where it holds what cannot be read. */
export async function readOrNone(objects: ObjectStore, name: string): Promise<Uint8Array | null> {
  try {
    return await objects.read(name);
  } catch (cause) {
    if (isRefused(cause)) return null;
    throw cause;
  }
}

/** Whether what lies under a name cannot be what it should be: it is too large, no plain file, or deleted. No other try helps. */
export function isRefused(cause: unknown): cause is CustodyError {
  return cause instanceof CustodyError && (cause.code === 'LEDGER_BROKEN' || cause.code === 'LIMIT_EXCEEDED');
}
