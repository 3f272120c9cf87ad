import { join } from 'node:path';
import { isDigest } from '../base/bytes.js';
import { parseJson } from '../base/canonical-json.js';
import { nullable, object, type Reader, readFields, type Shaped, text, where } from '../base/fields.js';
import { type JsonFile, openJsonFile } from './state.js';

const shape = {
  schema: where((value): value is 1 => value === 1, '1'),
  genesis: where(isDigest, 'sha256: and 64 hex characters') as Reader<`sha256:${string}`>,
  as: nullable(text({ max: 31, pattern: /^[a-z][a-z0-9-]{1,30}$/, expected: 'the id of a custodian' })),
};

/** What a clone was pinned to when it was founded or joined (T26), and whose it is. */
export type ClonePin = Shaped<typeof shape>;

const pin = object(shape);

/** @throws CustodyError STORAGE */
export function parseClonePin(bytes: Uint8Array, what: string): ClonePin {
  return readFields(pin, parseJson(bytes, what, undefined, 'STORAGE'), what, 'STORAGE');
}

/** Lies beside Git's own files, so that it moves with the clone and no fetch can touch it. */
export function openClonePin(folder: string): JsonFile<ClonePin> {
  const path = join(folder, '.git', 'custody.json');
  return openJsonFile(
    path,
    (bytes) => parseClonePin(bytes, path),
    (value) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8'),
  );
}
