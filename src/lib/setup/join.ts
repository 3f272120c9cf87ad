import type { Digest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { checkMemory, type InForce, readInForce } from '../request/in-force.js';
import type { Actor, Ports } from '../request/ports.js';
import { publishRecords } from '../request/publish.js';
import { identitiesOf } from '../roster/rules.js';
import { wordsOf } from '../roster/words.js';
import { signGenesis } from './found.js';

/**
 * What a fresh clone shows, before anything of it is believed.
 * @throws CustodyError REPOSITORY_NOT_FOUND for an empty remote; what reading throws
 */
export async function inspectRemote({
  store,
  clock,
  progress,
}: Pick<Ports, 'store' | 'clock' | 'progress'>): Promise<InForce> {
  return readInForce(store, await store.sync({ onProgress: progress }), clock.now());
}

/**
 * Compares the genesis of a clone with what was said out of band (T26).
 * @param said twelve words or the digest itself
 * @throws CustodyError GENESIS_MISMATCH
 */
export function assertGenesisSaid(genesis: Digest, said: string): void {
  const normal = said
    .trim()
    .toLowerCase()
    .split(/[\s,-]+/)
    .join(' ');
  if (normal === genesis || normal === wordsOf(genesis).join(' ')) return;
  throw new CustodyError('GENESIS_MISMATCH', 'the repository is not the one whose genesis was given', {
    details: { found: genesis, words: wordsOf(genesis) },
    suggestions: ['Do not go on: ask the custodian who founded the repository to read the words again.'],
  });
}

/**
 * Pins the genesis that the person confirmed and, for a custodian of roster 1 who has not yet, signs it.
 * @returns whether a signature was added
 */
export async function pinAndSign(ports: Ports, actor: Actor | null, state: InForce): Promise<boolean> {
  await checkMemory(ports.memory, state, ports.store, ports.clock);
  const [plan, roster] = [state.plans[0], state.rosters[0]];
  if (!actor || !plan || !roster || state.signedGenesis.has(actor.identity.id)) return false;
  if (identitiesOf(roster).get(actor.signer.publicKey.keyId)?.kind !== 'custodian') return false;
  const signed = await signGenesis(actor, state.genesis.statement.predicate, { plan, roster });
  await publishRecords(ports, [signed], { message: `${actor.identity.id} signs genesis` });
  return true;
}
