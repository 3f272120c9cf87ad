import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import type { InForce } from '../request/in-force.js';
import type { ChallengeNotice } from '../request/notices.js';
import type { Identity } from '../roster/roster.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import type { WaitingChallenge } from '../status/evidence.js';
import { readAnswer } from './answers.js';
import { challengeNow, openUntil } from './challenges.js';
import { readDrills } from './history.js';

/** The challenge that is open, and who has not answered it; null where none is. */
export async function waitingChallenge(
  state: InForce,
  verifier: StatementVerifier,
  now: Instant,
): Promise<WaitingChallenge | null> {
  const { drills: history } = await readDrills(state.view, verifier, state);
  const { challenge, all } = await challengeNow(state.view, verifier, { state, history, now });
  if (challenge === null) return null;
  const silent: string[] = [];
  for (const { id } of state.roster.custodians) {
    try {
      const said = await readAnswer({ view: state.view, verifier }, state, challenge, id, { now, all });
      if (said === null) silent.push(id);
    } catch (cause) {
      // What is no answer is for a drill to say.
      if (!(cause instanceof CustodyError)) throw cause;
    }
  }
  const { id, digest, said } = challenge;
  return { id, digest, by: said.by, until: openUntil(challenge, state), silent };
}

/** Whether it waits for that identity, and nobody can answer in its place. */
export function waitsFor(waiting: WaitingChallenge | null, { id, kind }: Pick<Identity, 'id' | 'kind'>): boolean {
  return kind === 'custodian' && (waiting?.silent.includes(id) ?? false);
}

/** What a custodian should be told of it, once. */
export function challengeNotices(
  waiting: WaitingChallenge | null,
  identity: Identity,
  repository: string,
): readonly ChallengeNotice[] {
  if (waiting === null || !waitsFor(waiting, identity)) return [];
  const { id, digest, by, until } = waiting;
  const challenge = { id, digest, by, until };
  return [{ schema: 1, kind: 'challenge-waiting', repository, custodian: identity.id, challenge }];
}
