import { type Digest, isDigest } from '../base/bytes.js';
import { parseJson } from '../base/canonical-json.js';
import { integer, object, type Reader, readFields, type Shaped, text, where } from '../base/fields.js';
import { isInstant } from '../base/time.js';

const digest: Reader<Digest> = where(isDigest, 'sha256: and 64 hex characters');
const shape = {
  schema: where((value): value is 1 => value === 1, '1'),
  /** Of the newest backup that was seen. */
  sequence: integer(1, 999_999_999),
  /** SHA-256 of its manifest file. */
  manifest: digest,
  head: text({ max: 40, pattern: /^[0-9a-f]{40}$/, expected: 'a commit id of 40 hex characters' }),
  seenAt: where(isInstant, 'an instant like 2026-01-31T09:00:00.000Z'),
};

/** What a machine remembers of one repository of backups: the newest that it has seen (T30, T38). */
export type Remembered = Shaped<typeof shape>;

/** PORT: where a machine keeps it. */
export interface BackupMemory {
  read(): Promise<Remembered | null>;
  write(memory: Remembered): Promise<void>;
}

const memory = object(shape);

/** @throws CustodyError STORAGE */
export function parseRemembered(bytes: Uint8Array, what: string): Remembered {
  return readFields(memory, parseJson(bytes, what, undefined, 'STORAGE'), what, 'STORAGE');
}

export function formatRemembered(value: Remembered): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
}
