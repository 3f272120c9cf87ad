import { type JsonValue, sameJson } from '../base/canonical-json.js';
import { carriedEvent, placeOf } from '../ledger/carried.js';
import { parseEntry } from '../ledger/chain.js';
import { entryDigest } from '../ledger/entry.js';
import { isRefused, type ObjectStore } from '../ledger/objects.js';
import { createSlotLedger } from '../ledger/slots.js';
import { type LedgerTree, readLedgerEntries, readLedgerHead } from '../ledger/view.js';
import { type Check, check } from './check.js';

/**
 * Holds an audit ledger against the repository's chain: it tells of the same entries, in their words, and of none that is not there.
 * What it has not been told of yet is said, and is no fault.
 * @param whole every carried entry is compared; else the last one alone
 */
export async function judgeCarried(objects: ObjectStore, tree: LedgerTree, whole: boolean): Promise<Check> {
  try {
    const ledger = createSlotLedger(objects);
    const [{ size }, carried] = [await readLedgerHead(tree), await ledger.carried()];
    if (carried.size > size) {
      return fail(`it tells of ${carried.size} entries of the repository's chain, which has ${size}`);
    }
    const stored = await readLedgerEntries(tree, whole ? 0 : Math.max(0, carried.size - 1), carried.size);
    const last = stored.at(-1);
    if (last !== undefined && entryDigest(last) !== carried.digest) {
      return fail(`entry ${carried.size - 1} of the repository's chain is another one than was carried`);
    }
    const other = whole ? await firstOther(objects, stored) : null;
    if (other !== null) return fail(`entry ${other} does not tell of the repository's entry as it is`);
    const rest = size - carried.size;
    const waiting = rest === 0 ? '' : `; ${rest} are not carried yet: custody ledger carry`;
    return check('repository', true, `it tells of ${carried.size} entries of the repository's chain${waiting}`);
  } catch (cause) {
    if (isRefused(cause)) return fail(cause.message);
    throw cause;
  }
}

/** The first carried entry that says something else than the repository's, by its sequence here; null when none does. */
async function firstOther(objects: ObjectStore, repository: readonly Uint8Array[]): Promise<number | null> {
  for await (const { first, entries } of createSlotLedger(objects).batches()) {
    for (const [at, bytes] of entries.entries()) {
      const place = placeOf(bytes);
      if (place === null) continue;
      const original = repository[place.sequence];
      const { schema: _, sequence: _sequence, previous: _previous, ...told } = parseEntry(bytes);
      const same =
        original !== undefined &&
        sameJson(told as unknown as JsonValue, carriedEvent(original) as unknown as JsonValue);
      if (!same) return first + at;
    }
  }
  return null;
}

function fail(detail: string): Check {
  return check('repository', false, detail);
}
