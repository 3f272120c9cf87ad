import { join } from 'node:path';
import { Flags } from '@oclif/core';
import { digestHex, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { createObjectDirectory } from '../fs/object-directory.js';
import { stateDirectory } from '../fs/places.js';
import { openJsonFile } from '../fs/state.js';
import { type LedgerName, originOf } from '../ledger/checkpoint.js';
import { formatRememberedLedger, type LedgerMemory, parseRememberedLedger } from '../ledger/memory.js';
import { createSlotLedger } from '../ledger/slots.js';
import type { LedgerHead } from '../ledger/store.js';
import type { LedgerPlan } from '../plan/plan.js';
import type { Reach } from '../request/desk.js';
import type { InForce } from '../request/in-force.js';
import { openLedgerObjects } from './audit-ledger.js';
import { systemClock } from './clock.js';
import type { Context } from './context.js';
import type { LedgerPlace } from './ledger-view.js';
import { objectLedger } from './object-ledger.js';
import { repositoryLedger } from './repository-ledger.js';

export interface LedgerFlags {
  readonly repository: boolean;
  readonly directory?: string | undefined;
  readonly offline?: boolean;
}

/** Which ledger; without any, the audit ledger of the plan. */
export const ledgerFlags = {
  repository: Flags.boolean({ default: false, description: "the repository's own chain", exclusive: ['directory'] }),
  directory: Flags.string({ description: 'an audit ledger in this folder', helpValue: 'DIR' }),
};

export const offlineFlag = {
  offline: Flags.boolean({ default: false, description: 'only what this clone has, without the network' }),
};

/** @throws CustodyError USAGE, REPOSITORY_NOT_FOUND and what reading throws */
export async function openLedgerPlace(context: Context, flags: LedgerFlags, reach?: Reach): Promise<LedgerPlace> {
  const far = reach ?? (flags.offline ? 'local' : 'remote-if-reachable');
  if (flags.directory !== undefined) return openGiven(context, flags.directory, far);
  const state = await context.lookUp(far);
  const { ledger } = state.plan.plan;
  const { genesis } = state;
  const { ports } = await context.desk();
  if (flags.repository || ledger.store === 'git') {
    return repositoryLedger(ports, state, memoryAt(context, genesis.digest, 'repository'));
  }
  const memory = memoryAt(context, genesis.digest, 'ledger', placeOf(ledger));
  return objectLedger({
    objects: await openLedgerObjects(state.plan.plan, context.ledgerAccess(state.plan.plan), ports.clock),
    signed: signedBy(state),
    repository: state.view,
    memory,
    clock: ports.clock,
    // A folder knows no retention.
    retentionDays: ledger.store === 's3' ? ledger.retentionDays : null,
  });
}

/** A folder that was named: known by its first entry, and signed by the roster of the repository one stands in, if any. */
async function openGiven(context: Context, directory: string, reach: Reach): Promise<LedgerPlace> {
  const objects = createObjectDirectory(directory);
  const ledger = createSlotLedger(objects);
  const { size } = await ledger.head().catch(broken);
  const [first] = size === 0 ? [] : await ledger.read(0, 1).catch(() => []);
  const memory = memoryAt(context, digestOf(first ?? ''), 'ledger');
  const state = await context.lookUp(reach).catch(noRepository);
  const clock = state === null ? systemClock : (await context.desk()).ports.clock;
  return objectLedger({
    objects,
    signed: state === null ? null : signedBy(state),
    repository: null,
    memory,
    clock,
    retentionDays: null,
  });
}

/** What is wrong with it is for the verifier to say. */
function broken(cause: unknown): LedgerHead {
  if (cause instanceof CustodyError && cause.code === 'LEDGER_BROKEN') return { size: 1, digest: null };
  throw cause;
}

function noRepository(cause: unknown): null {
  if (cause instanceof CustodyError && cause.code === 'REPOSITORY_NOT_FOUND') return null;
  throw cause;
}

function signedBy({ genesis, roster }: InForce) {
  return { origin: originOf(genesis.digest, 'ledger'), roster };
}

/** A ledger that a plan has put elsewhere begins anew, and is another one to remember. */
function placeOf({ store, directory, s3 }: LedgerPlan): string {
  const where = store === 's3' ? [s3?.region, s3?.bucket, s3?.prefix] : [directory];
  return digestHex(digestOf(JSON.stringify([store, ...where]))).slice(0, 16);
}

function memoryAt(
  { environment }: Context,
  of: InForce['genesis']['digest'],
  name: LedgerName,
  place?: string,
): LedgerMemory {
  const path = join(
    stateDirectory(environment, of),
    `verified-${place === undefined ? name : `${name}-${place}`}.json`,
  );
  const file = openJsonFile(path, (bytes) => parseRememberedLedger(bytes, path), formatRememberedLedger);
  return {
    read: file.read,
    // Another process may have seen more meanwhile.
    write: async (value) =>
      void (await file.update((known) => (known !== null && known.size > value.size ? known : value))),
  };
}
