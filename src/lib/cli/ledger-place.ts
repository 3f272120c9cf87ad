import { Flags } from '@oclif/core';
import type { Digest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { Clock } from '../base/time.js';
import type { AuditPlace } from '../drill/ports.js';
import { createObjectDirectory } from '../fs/object-directory.js';
import { originOf } from '../ledger/checkpoint.js';
import { entryDigest } from '../ledger/entry.js';
import type { ObjectStore } from '../ledger/objects.js';
import { readFirstEntry } from '../ledger/slots.js';
import type { Reach } from '../request/desk.js';
import type { InForce } from '../request/in-force.js';
import { ledgerCopy, openLedgerObjects } from './audit-ledger.js';
import { systemClock } from './clock.js';
import type { Context } from './context.js';
import { placeOf, tailMemory, verifiedMemory } from './ledger-memory.js';
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
  const { environment } = context;
  const { ports } = await context.desk();
  if (flags.repository || ledger.store === 'git') {
    return repositoryLedger(ports, state, verifiedMemory(environment, genesis.digest, 'repository'));
  }
  const { clock } = ports;
  return objectLedger({ ...(await auditKept(context, state, clock)), ...memoriesOf(context, state), clock });
}

/** How the audit ledger of the plan is kept, and what of it is to be known. */
async function auditKept(context: Context, state: InForce, clock: Clock) {
  const { plan } = state.plan;
  return {
    objects: await openLedgerObjects(plan, context.ledgerAccess(plan), clock),
    signed: signedBy(state),
    repository: state.view,
    // A folder knows no retention.
    retentionDays: plan.ledger.store === 's3' ? plan.ledger.retentionDays : null,
  };
}

function memoriesOf({ environment }: Context, { genesis, plan: { plan } }: InForce) {
  return {
    memory: verifiedMemory(environment, genesis.digest, 'ledger', placeOf(plan.ledger)),
    tail: tailMemory(environment, genesis.digest, plan.ledger),
  };
}

/** The audit ledger as a drill looks at it; null where the repository's chain is the only ledger. */
export function auditPlace(context: Context, state: InForce, clock: Clock): AuditPlace | null {
  const { plan } = state.plan;
  if (plan.ledger.store === 'git') return null;
  return {
    question: async () => {
      const { memory, tail } = memoriesOf(context, state);
      const known = { remembered: await memory.read(), written: await tail.read() };
      return { ...(await auditKept(context, state, clock)), ...known };
    },
    copy: ledgerCopy(plan, context.ledgerAccess(plan), clock),
  };
}

/** A folder that was named: known by its first entry, and signed by the roster of the repository one stands in, if any. */
async function openGiven(context: Context, directory: string, reach: Reach): Promise<LedgerPlace> {
  const objects = createObjectDirectory(directory);
  const memory = verifiedMemory(context.environment, await identityOf(objects), 'ledger');
  const state = await context.lookUp(reach).catch(noRepository);
  const clock = state === null ? systemClock : (await context.desk()).ports.clock;
  return objectLedger({
    objects,
    signed: state === null ? null : signedBy(state),
    repository: null,
    memory,
    tail: null,
    clock,
    retentionDays: null,
  });
}

/** Whether that entry holds, and what else is wrong, is for the verifier to say. */
async function identityOf(objects: ObjectStore): Promise<Digest> {
  try {
    return entryDigest((await readFirstEntry(objects)) ?? new Uint8Array());
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'LEDGER_BROKEN') return entryDigest(new Uint8Array());
    throw cause;
  }
}

function noRepository(cause: unknown): null {
  if (cause instanceof CustodyError && cause.code === 'REPOSITORY_NOT_FOUND') return null;
  throw cause;
}

function signedBy({ genesis, roster }: InForce) {
  return { origin: originOf(genesis.digest, 'ledger'), roster };
}
