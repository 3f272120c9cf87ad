import { ledgerAfter } from '../backup/telling.js';
import { digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { addSeconds } from '../base/time.js';
import type { View } from '../record/store.js';
import { identityIn } from '../request/desk.js';
import { assertFounded, type InForce } from '../request/in-force.js';
import type { Actor, Ports } from '../request/ports.js';
import { keyStatementSigner } from '../signing/key-statement.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import { type ChallengePredicate, challengeIdOf, challengePath, formatChallenge } from './challenge.js';
import { type Challenge, challengeNow } from './challenges.js';
import { readDrills } from './history.js';

const NONCE_BYTES = 32;

export interface AskedChallenge {
  readonly challenge: Challenge;
  /** False: one was open already, whoever had asked. */
  readonly created: boolean;
}

/**
 * The challenge that is open, or a new one: signed, published with a ledger entry, and open for the plan's approval window.
 * @throws CustodyError SIGNER_UNKNOWN, NOT_FOUNDED · what publishing throws
 */
export async function askChallenge(
  ports: Ports,
  state: InForce,
  actor: Actor,
  verifier: StatementVerifier,
): Promise<AskedChallenge> {
  assertFounded(state);
  identityIn(state, actor);
  const outcome: { asked: AskedChallenge | null } = { asked: null };
  const build = async (view: View) => {
    const { drills: history } = await readDrills(view, verifier, state);
    const { challenge } = await challengeNow(view, verifier, { state, history, now: ports.clock.now() });
    // Another machine may have been faster: its challenge is as good as one of one's own.
    outcome.asked = challenge && { challenge, created: false };
    if (challenge) throw new CustodyError('CONFLICT', `the challenge ${challenge.id} is open already`);
    const said = predicateOf(ports, state, actor, view, history.at(-1)?.digest ?? null);
    const bytes = await keyStatementSigner(actor.signer).seal(formatChallenge(said));
    const digest = digestOf(bytes);
    const id = challengeIdOf(digest);
    const path = challengePath(id);
    outcome.asked = { challenge: { id, path, digest, said }, created: true };
    const { at, by, expiresAt } = said;
    const facts = { challenge: digest, expiresAt };
    const told = await ledgerAfter(view, [{ at, kind: 'challenge', by, requestId: null, record: null, facts }]);
    return { message: `Challenge ${id} of ${by}`, files: new Map([[path, bytes], ...told]) };
  };
  try {
    await ports.store.publish(build, { onProgress: ports.progress });
  } catch (cause) {
    if (outcome.asked?.created !== false) throw cause;
  }
  if (outcome.asked === null) throw new CustodyError('BUG', 'a challenge was published that nobody made');
  return outcome.asked;
}

function predicateOf(
  { tool, clock, random }: Ports,
  { plan: { plan }, roster, rosterDigest, head }: InForce,
  { identity }: Actor,
  view: View,
  after: ChallengePredicate['after'],
): ChallengePredicate {
  const at = clock.now();
  return {
    tool,
    repository: roster.repository,
    by: identity.id,
    at,
    head: view.head ?? head,
    rosterVersion: roster.version,
    rosterDigest,
    after,
    nonce: Buffer.from(random(NONCE_BYTES)).toString('hex'),
    expiresAt: addSeconds(at, plan.quorum.approvalWindowSeconds),
  };
}
