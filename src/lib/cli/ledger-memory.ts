import { join } from 'node:path';
import { type Digest, digestHex, digestOf } from '../base/bytes.js';
import { stateDirectory } from '../fs/places.js';
import { openJsonFile } from '../fs/state.js';
import type { LedgerName } from '../ledger/checkpoint.js';
import { formatRememberedLedger, type LedgerMemory, parseRememberedLedger } from '../ledger/memory.js';
import { formatRememberedTail, laterTail, parseRememberedTail, type TailMemory } from '../ledger/tail-memory.js';
import type { LedgerPlan } from '../plan/plan.js';

/** What this machine keeps of ledgers, in its state folder, by the genesis of their repository. */

type Environment = Parameters<typeof stateDirectory>[0];

/** A ledger that a plan has put elsewhere begins anew, and is another one to remember. */
export function placeOf({ store, directory, s3 }: LedgerPlan): string {
  const where = store === 's3' ? [s3?.region, s3?.bucket, s3?.prefix] : [directory];
  return digestHex(digestOf(JSON.stringify([store, ...where]))).slice(0, 16);
}

/** What it has verified. */
export function verifiedMemory(environment: Environment, of: Digest, name: LedgerName, place?: string): LedgerMemory {
  const file = `verified-${place === undefined ? name : `${name}-${place}`}.json`;
  const path = join(stateDirectory(environment, of), file);
  const kept = openJsonFile(path, (bytes) => parseRememberedLedger(bytes, path), formatRememberedLedger);
  return {
    read: kept.read,
    // Another process may have seen more meanwhile.
    write: async (value) =>
      void (await kept.update((known) => (known !== null && known.size > value.size ? known : value))),
  };
}

/** Where an audit ledger ended when it was last written to from here, or verified, whichever is later. */
export function tailMemory(environment: Environment, of: Digest, ledger: LedgerPlan): TailMemory {
  const place = placeOf(ledger);
  const path = join(stateDirectory(environment, of), `written-ledger-${place}.json`);
  const kept = openJsonFile(path, (bytes) => parseRememberedTail(bytes, path), formatRememberedTail);
  const verified = verifiedMemory(environment, of, 'ledger', place);
  return {
    read: async () => {
      const found = await verified.read();
      const { slots = 0, size = 0, digest = null } = found ?? {};
      const seen = digest === null || slots === 0 ? null : { schema: 1 as const, slot: slots - 1, size, digest };
      return laterTail(await kept.read(), seen);
    },
    write: async (tail) => void (await kept.update((known) => laterTail(known, tail) ?? tail)),
  };
}
