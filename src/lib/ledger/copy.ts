import { sha256Hex } from '../base/bytes.js';
import type { Instant } from '../base/time.js';
import type { ObjectStore } from './objects.js';
import { BUNDLE_PREFIX, SLOT_PREFIX } from './slot.js';

/** A copy of a ledger in another store, held against it: slots byte by byte, bundles by the digests that they are named by. */
export interface ComparedCopy {
  /** How many slots and bundles the copy has as they are. */
  readonly same: number;
  /** How many it does not have. */
  readonly missing: number;
  /** The oldest of these, and when it was made; of some for which the store does not say that, the first. Null when none is. */
  readonly oldestMissing: MissingObject | null;
  /** The first that is another one in the copy, or that only the copy has; null when there is none. */
  readonly fault: string | null;
}

export interface MissingObject {
  readonly name: string;
  readonly at: Instant | null;
}

/** @throws CustodyError what reading throws */
export async function compareCopy(ledger: ObjectStore, copy: ObjectStore): Promise<ComparedCopy> {
  let [same, missing] = [0, 0];
  let oldestMissing: MissingObject | null = null;
  for (const prefix of [SLOT_PREFIX, BUNDLE_PREFIX]) {
    for await (const name of ledger.list(prefix)) {
      const bytes = await copy.read(name);
      if (bytes === null) {
        missing++;
        oldestMissing = olderOf(oldestMissing, { name, at: await madeAt(ledger, name) });
      } else if (await isSame(ledger, name, bytes)) same++;
      else return { same, missing, oldestMissing, fault: `${name} is another one in the copy` };
    }
  }
  return { same, missing, oldestMissing, fault: await onlyIn(copy, ledger) };
}

function olderOf(known: MissingObject | null, other: MissingObject): MissingObject {
  if (known === null || (other.at !== null && (known.at === null || other.at < known.at))) return other;
  return known;
}

async function isSame(ledger: ObjectStore, name: string, bytes: Uint8Array): Promise<boolean> {
  if (name.startsWith(BUNDLE_PREFIX)) return sha256Hex(bytes) === name.slice(BUNDLE_PREFIX.length);
  const own = await ledger.read(name);
  return own !== null && Buffer.from(own).equals(bytes);
}

async function madeAt(ledger: ObjectStore, name: string): Promise<Instant | null> {
  for await (const history of ledger.histories(name)) if (history.name === name) return history.createdAt;
  return null;
}

/** A slot that the copy alone has: the ledger was cut after it was copied. */
async function onlyIn(copy: ObjectStore, ledger: ObjectStore): Promise<string | null> {
  for await (const name of copy.list(SLOT_PREFIX)) {
    if ((await ledger.read(name)) === null) return `${name} is in the copy alone: the ledger was cut`;
  }
  return null;
}
