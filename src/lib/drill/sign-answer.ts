import { ledgerAfter } from '../backup/telling.js';
import { type Digest, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { View } from '../record/store.js';
import { identityIn } from '../request/desk.js';
import type { InForce } from '../request/in-force.js';
import type { Actor, Ports } from '../request/ports.js';
import { keyStatementSigner } from '../signing/key-statement.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import { type AnswerPredicate, answerPath, formatAnswer } from './answer.js';
import { type Answers, readAnswer } from './answers.js';
import { type Challenge, challengeNow } from './challenges.js';
import { readDrills } from './history.js';

/** The challenge to answer: the newest that is open. @throws CustodyError NOT_FOUND */
export async function challengeToAnswer(
  state: InForce,
  verifier: StatementVerifier,
  { clock }: Pick<Ports, 'clock'>,
): Promise<Challenge> {
  const { drills: history } = await readDrills(state.view, verifier, state);
  const asked = await challengeNow(state.view, verifier, { state, history, now: clock.now() });
  if (asked.challenge) return asked.challenge;
  throw new CustodyError('NOT_FOUND', asked.because, {
    suggestions: ['custody dr challenge, or custody dr verify --wait 30m'],
  });
}

/**
 * Signs a challenge and the list of who has access, and publishes both with a ledger entry.
 * @throws CustodyError REFUSED for who holds no seat, or has answered · what publishing throws
 */
export async function signAnswer(
  ports: Ports,
  state: InForce,
  actor: Actor,
  verifier: StatementVerifier,
  challenge: Challenge,
  access: readonly string[],
): Promise<{ readonly path: string; readonly digest: Digest }> {
  const { id, kind } = identityIn(state, actor);
  if (kind !== 'custodian') throw new CustodyError('REFUSED', `${id} holds no seat: only custodians answer`);
  const at = ports.clock.now();
  const { repository } = state.roster;
  const said = { repository, by: id, at, head: state.head, challenge: challenge.digest, access: [...access] };
  const bytes = await keyStatementSigner(actor.signer).seal(formatAnswer(said, challenge.id));
  const [path, digest] = [answerPath(challenge.id, id), digestOf(bytes)];
  const facts = { challenge: challenge.digest, answer: digest };
  const build = async (view: View) => {
    await assertUnanswered({ view, verifier }, state, challenge, said);
    const told = await ledgerAfter(view, [{ at, kind: 'answer', by: id, requestId: null, record: null, facts }]);
    return { message: `${id} answers ${challenge.id}`, files: new Map([[path, bytes], ...told]) };
  };
  await ports.store.publish(build, { onProgress: ports.progress });
  return { path, digest };
}

/** @throws CustodyError REFUSED where an answer is there, or what somebody put in its place */
async function assertUnanswered(
  answers: Answers,
  state: InForce,
  challenge: Challenge,
  { by, at }: Pick<AnswerPredicate, 'by' | 'at'>,
): Promise<void> {
  let there: AnswerPredicate | null;
  try {
    there = await readAnswer(answers, state, challenge, by, { now: at, all: [challenge] });
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    throw new CustodyError('REFUSED', `where your answer belongs lies what is none: ${cause.message}`, {
      suggestions: [
        'Find out who put it there. custody dr verify --only challenge signs that finding; then custody dr challenge asks anew.',
      ],
      cause,
    });
  }
  if (there) throw new CustodyError('REFUSED', `${by} has answered ${challenge.id} already`);
}
