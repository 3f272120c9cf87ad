import { CustodyError } from '../base/errors.js';
import type { Identity } from '../roster/roster.js';
import { identitiesOf } from '../roster/rules.js';
import { type Case, type Documents, readCase, readCases } from './case.js';
import { checkMemory, type InForce, readInForce } from './in-force.js';
import type { Actor, Ports } from './ports.js';
import { publishOutbox } from './publish.js';

/** How far a command goes to see the newest state. */
export type Reach = 'remote' | 'remote-if-reachable' | 'local';

/**
 * What is in force, read from the remote or from the clone, checked against this machine's memory.
 * @throws CustodyError what `readInForce` and `checkMemory` throw; REMOTE_UNREACHABLE, TIMEOUT for `remote`
 */
export async function lookUp(ports: Ports, reach: Reach): Promise<InForce> {
  const { store, clock, memory } = ports;
  const view = await reachFor(ports, reach);
  const state = await readInForce(store, view, clock.now());
  try {
    await checkMemory(memory, state, store, clock);
    return state;
  } catch (cause) {
    // Another process of this machine may have seen more since: only what the remote says now can be a roll-back.
    if (!(cause instanceof CustodyError) || cause.code !== 'ROLLBACK') throw cause;
  }
  const newest = await readInForce(store, await store.sync({ onProgress: ports.progress }), clock.now());
  await checkMemory(memory, newest, store, clock);
  return newest;
}

/** The newest view that can be had; what waited for the network goes out on the way. */
async function reachFor(ports: Ports, reach: Reach) {
  const { store, progress } = ports;
  if (reach === 'local') return store.local();
  try {
    const view = await store.sync({ onProgress: progress });
    return (await publishOutbox(ports)) === null ? view : await store.local();
  } catch (cause) {
    const away = cause instanceof CustodyError && (cause.code === 'REMOTE_UNREACHABLE' || cause.code === 'TIMEOUT');
    if (reach === 'remote' || !away) throw cause;
    progress('The remote cannot be reached: this is what this clone last saw.');
    return store.local();
  }
}

export function documentsOf({ plans, rosters, planDigest, rosterDigest }: InForce): Documents {
  return { plans, rosters, inForce: { planDigest, rosterDigest } };
}

export async function caseOf({ store, clock }: Ports, state: InForce, id: string): Promise<Case> {
  return readCase(store, state.view, documentsOf(state), id, clock.now());
}

export async function casesOf({ store, clock }: Ports, state: InForce) {
  return readCases(store, state.view, documentsOf(state), clock.now());
}

/**
 * The listed identity that the actor's key stands for under the roster in force.
 * @throws CustodyError SIGNER_UNKNOWN
 */
export function identityIn(state: InForce, { signer, identity }: Actor): Identity {
  const listed = identitiesOf(state.roster).get(signer.publicKey.keyId);
  if (listed && listed.id === identity.id) return listed;
  throw new CustodyError('SIGNER_UNKNOWN', `the roster in force does not list this key for ${identity.id}`, {
    details: { keyId: signer.publicKey.keyId, rosterVersion: state.roster.version },
  });
}
