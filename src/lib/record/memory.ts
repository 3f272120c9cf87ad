import type { Digest } from '../base/bytes.js';
import { parseJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { integer, nullable, object, readFields, type Shaped, text, where } from '../base/fields.js';
import { digest, instant } from '../base/readers.js';

const shape = {
  schema: where((value): value is 1 => value === 1, '1'),
  genesis: digest,
  planVersion: integer(1, 1_000_000),
  planDigest: digest,
  rosterVersion: integer(1, 1_000_000),
  rosterDigest: digest,
  head: nullable(text({ max: 40, pattern: /^[0-9a-f]{40}$/, expected: 'a commit id of 40 hex characters' })),
  seenAt: instant,
};

/** What a machine remembers of one repository: the highest versions and the newest head that it has seen (T24, T30). */
export type Memory = Shaped<typeof shape>;

/** PORT: where a machine keeps its memory; also what a pin file gives to one that has none. */
export interface MachineMemory {
  read(): Promise<Memory | null>;
  /**
   * Puts `next` in the place of what was read. False, and nothing is written, when another process of this machine has remembered
   * something else since: it may have seen more.
   */
  replace(read: Memory | null, next: Memory): Promise<boolean>;
}

const memory = object(shape);

/** @throws CustodyError STORAGE */
export function parseMemory(bytes: Uint8Array, what: string): Memory {
  return readFields(memory, parseJson(bytes, what, undefined, 'STORAGE'), what, 'STORAGE');
}

export function formatMemory(value: Memory): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
}

/** Memory of another repository than the one at hand (T26). @throws CustodyError GENESIS_MISMATCH */
export function assertSameGenesis(remembered: Memory, genesis: Digest): void {
  if (remembered.genesis === genesis) return;
  throw new CustodyError('GENESIS_MISMATCH', 'this is not the repository that was pinned', {
    details: { expected: remembered.genesis, found: genesis },
    suggestions: ['Compare the genesis words with another custodian before you go on.'],
  });
}
