import { parseJson } from '../base/canonical-json.js';
import { integer, object, readFields, type Shaped, text, where } from '../base/fields.js';
import { digest, instant } from '../base/readers.js';

const shape = {
  schema: where((value): value is 1 => value === 1, '1'),
  /** Of the newest backup that was seen. */
  sequence: integer(1, 999_999_999),
  /** SHA-256 of its manifest file. */
  manifest: digest,
  head: text({ max: 40, pattern: /^[0-9a-f]{40}$/, expected: 'a commit id of 40 hex characters' }),
  seenAt: instant,
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
