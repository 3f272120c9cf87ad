import { parseJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { integer, object, readFields, type Shaped, where } from '../base/fields.js';
import { digest } from '../base/readers.js';
import { headOf, parseSlot, type Slot, slotName } from './slot.js';

const shape = {
  schema: where((value): value is 1 => value === 1, '1'),
  /** The number of a slot, and where the ledger ended with it. */
  slot: integer(0, 999_999_999),
  size: integer(1, 1_000_000_000),
  digest,
};

/** The last slot that a machine has written, or has verified: it must be there for ever, and the same (T38). */
export type RememberedTail = Shaped<typeof shape>;

/** PORT: where a machine keeps it. */
export interface TailMemory {
  read(): Promise<RememberedTail | null>;
  /** Keeps the later one of what is known and what is given. */
  write(tail: RememberedTail): Promise<void>;
}

const tail = object(shape);

/** @throws CustodyError STORAGE */
export function parseRememberedTail(bytes: Uint8Array, what: string): RememberedTail {
  return readFields(tail, parseJson(bytes, what, undefined, 'STORAGE'), what, 'STORAGE');
}

export function formatRememberedTail(value: RememberedTail): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
}

/** The one that lies further on; of two equally far the first. */
export function laterTail(left: RememberedTail | null, right: RememberedTail | null): RememberedTail | null {
  if (left === null || right === null) return left ?? right;
  return right.slot > left.slot ? right : left;
}

export function tailAfter(slot: number, taken: Slot): RememberedTail {
  return { schema: 1, slot, size: headOf(taken).size, digest: taken.last };
}

/** What is wrong with the slot that now stands in the place of the remembered one; null when it is that one. */
export function tailFault(
  { slot: number, size, digest: last }: RememberedTail,
  bytes: Uint8Array | null,
): string | null {
  const name = slotName(number);
  if (bytes === null) return `entry ${size - 1}, which this machine has seen, is gone: ${name} is missing`;
  const slot = parseSlot(bytes, name);
  if (headOf(slot).size === size && slot.last === last) return null;
  return `entry ${size - 1} is another one than this machine has seen: ${name} leads to ${slot.last}, expected ${last}`;
}

/** @throws CustodyError LEDGER_BROKEN unless the slot is the remembered one */
export function assertTail(remembered: RememberedTail, bytes: Uint8Array | null): void {
  const fault = tailFault(remembered, bytes);
  if (fault === null) return;
  throw new CustodyError('LEDGER_BROKEN', `the audit ledger was cut or replaced: ${fault}`, {
    details: { slot: remembered.slot, entry: remembered.size - 1 },
    suggestions: [
      'Nothing is written to it until that is explained: custody ledger verify names what is wrong; compare with the machines of the other custodians.',
    ],
  });
}
