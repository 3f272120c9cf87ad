import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import type { ObservedEstate } from '../plan/estate.js';
import { CLOCK_TOLERANCE_SECONDS } from '../quorum/evidence.js';
import type { View } from '../record/store.js';
import type { InForce } from '../request/in-force.js';
import { identitiesOf } from '../roster/rules.js';
import type { StatementSignerIdentity, StatementVerifier } from '../signing/statement-signer.js';
import { accessList } from './access.js';
import { type AnswerPredicate, answerPath, answersTo, parseAnswer } from './answer.js';
import { type Asked, type Challenge, challengeNow, openUntil } from './challenges.js';
import type { Scene } from './ports.js';
import { type Answer, fail, open, type Probe, pass } from './probe.js';

/** What of a drill's scene says who has answered. */
export type Asking = Pick<Scene, 'ports' | 'state' | 'verifier' | 'history'>;
type Rules = Pick<InForce, 'roster' | 'rosters'>;
/** Where answers lie, and by whose keys they are opened. */
export type Answers = { readonly view: View; readonly verifier: StatementVerifier };

/**
 * An answer by itself: signed by a key of the seat that it names, of this repository.
 * @throws CustodyError RECORD_MALFORMED, SIGNATURE_INVALID, SIGNER_UNKNOWN
 */
export async function openAnswer(
  bytes: Uint8Array,
  what: string,
  verifier: StatementVerifier,
  { roster, rosters }: Rules,
): Promise<{ readonly said: AnswerPredicate; readonly challengeId: string }> {
  const { statement, signer } = await verifier.open(bytes);
  const { challengeId, ...said } = parseAnswer(statement, what);
  const faults = [
    ...(seatOf(signer, roster) === said.by ? [] : [`${said.by} has not signed it${leftText(signer, rosters)}`]),
    ...(said.repository === roster.repository ? [] : ['it is of another repository']),
  ];
  if (faults.length > 0) throw new CustodyError('RECORD_MALFORMED', `${what}: ${faults.join('; ')}`);
  return { said, challengeId };
}

function seatOf(signer: StatementSignerIdentity, roster: Rules['roster']): string | null {
  const seat = signer.kind === 'key' ? identitiesOf(roster).get(signer.keyId) : undefined;
  return seat?.kind === 'custodian' ? seat.id : null;
}

/** Whose key it was, where the roster in force lists it no more. */
function leftText(signer: StatementSignerIdentity, rosters: Rules['rosters']): string {
  const now = rosters.at(-1);
  if (now === undefined || (signer.kind === 'key' && identitiesOf(now).has(signer.keyId))) return '';
  const then = rosters.map((one) => seatOf(signer, one)).find((id) => id !== null);
  return then === undefined ? '' : `: the roster lists that key of ${then} no more`;
}

/**
 * The answer of a custodian to that very challenge, signed by a key of this very seat after it was asked.
 * @param all the challenges that are known, to tell of which one a replayed answer is
 * @returns null where there is none
 * @throws CustodyError what is wrong with one that is no answer
 */
export async function readAnswer(
  { view, verifier }: Answers,
  rules: Rules,
  challenge: Challenge,
  custodian: string,
  { now, all }: { readonly now: Instant; readonly all: readonly Challenge[] },
): Promise<AnswerPredicate | null> {
  const at = answerPath(challenge.id, custodian);
  if (!(await view.pathsUnder(answersTo(challenge.id))).includes(at)) return null;
  const bytes = (await view.read([at])).get(at) ?? new Uint8Array();
  const { said } = await openAnswer(bytes, at, verifier, rules);
  const other = all.find(({ digest }) => digest === said.challenge);
  const faults = [
    ...(said.by === custodian ? [] : [`${custodian} has not signed it`]),
    ...(said.challenge === challenge.digest
      ? []
      : [other ? `it is the answer to ${other.id}, replayed` : 'it answers a challenge that nobody has asked here']),
    ...(said.at >= addSeconds(challenge.said.at, -CLOCK_TOLERANCE_SECONDS) ? [] : ['it is older than what it answers']),
    ...(said.at <= addSeconds(now, CLOCK_TOLERANCE_SECONDS) ? [] : ['it is dated in the future']),
  ];
  if (faults.length > 0) throw new CustodyError('RECORD_MALFORMED', `${at}: ${faults.join('; ')}`);
  return said;
}

/** The challenge that is open as the drill looks. */
export function challengeOf({ state, verifier, history, ports }: Asking): Promise<Asked> {
  return challengeNow(state.view, verifier, { state, history, now: ports.clock.now() });
}

/** The answer of a custodian to the open challenge. @throws CustodyError what is wrong with one that is no answer */
export function answerOf(
  { state, verifier, ports }: Asking,
  asked: Asked,
  custodian: string,
): Promise<AnswerPredicate | null> {
  if (asked.challenge === null) return Promise.resolve(null);
  const when = { now: ports.clock.now(), all: asked.all };
  return readAnswer({ view: state.view, verifier }, state, asked.challenge, custodian, when);
}

/**
 * Each custodian's signature over a challenge that nobody knew before it was asked.
 * @returns the challenge; null where none is open
 */
export async function drillChallenge(scene: Asking, probe: Probe): Promise<Challenge | null> {
  const asked = await challengeOf(scene);
  const { custodians } = scene.state.roster;
  for (const { id } of custodians) await probe.ask(id, null, () => answeredAnswer(scene, asked, id));
  if (asked.challenge === null) return null;
  const seats = new Set(custodians.map(({ id }) => answerPath(asked.challenge.id, id)));
  const strange = (await scene.state.view.pathsUnder(answersTo(asked.challenge.id))).filter((at) => !seats.has(at));
  for (const at of strange) await probe.ask(`stranger.${nameIn(at)}`, null, () => fail(strangerText(scene, at)));
  return asked.challenge;
}

async function answeredAnswer(scene: Asking, asked: Asked, id: string): Promise<Answer> {
  if (asked.challenge === null) return open(asked.because);
  const { id: name, said: question } = asked.challenge;
  const said = await answerOf(scene, asked, id);
  if (said) return pass(`${id} signed ${name}, asked by ${question.by} on ${question.at}, on ${said.at}`);
  const before = await lastAnswer(scene, asked, id);
  const until = openUntil(asked.challenge, scene.state);
  return open(`${id} has not answered ${name}${before}: custody dr answer, until ${until}`);
}

/** What one who has not answered had signed before: a stale answer counts for nothing. */
async function lastAnswer({ state, verifier, ports }: Asking, { all, challenge }: Asked, id: string): Promise<string> {
  const now = ports.clock.now();
  for (const other of all.filter((one) => one.id !== challenge?.id)) {
    try {
      const said = await readAnswer({ view: state.view, verifier }, state, other, id, { now, all });
      if (said) return ` (the last answer, of ${said.at}, is to ${other.id})`;
    } catch (cause) {
      if (!(cause instanceof CustodyError)) throw cause;
    }
  }
  return '';
}

function nameIn(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/\.json$/, '');
}

/** Somebody put it there for one who was not asked. */
function strangerText({ state }: Asking, path: string): string {
  const name = nameIn(path);
  const left = state.rosters.some(({ custodians }) => custodians.some(({ id }) => id === name));
  return `${path} is of ${name}, who ${left ? 'holds no seat any more' : 'holds no seat'}`;
}

/** The list of who has access now, and who has signed that very list. */
export async function drillReview(scene: Scene, estate: ObservedEstate, probe: Probe): Promise<void> {
  const { aws, inspections, state } = scene;
  let lines: readonly string[] = [];
  await probe.ask('listed', null, async () => {
    lines = await accessList({ reader: aws.reader, trust: inspections.trust }, state.plan.plan, state.roster, estate);
    const grants = lines.filter((line) => line.startsWith('grant ')).length;
    return pass(`${lines.length} lines, ${grants} of them grants: custody dr answer --list`);
  });
  const asked = await challengeOf(scene);
  for (const { id } of state.roster.custodians)
    await probe.ask(id, null, () => reviewedAnswer(scene, asked, lines, id));
}

async function reviewedAnswer(scene: Scene, asked: Asked, lines: readonly string[], id: string): Promise<Answer> {
  if (lines.length === 0) return open('there is no list to compare');
  if (asked.challenge === null) return open(asked.because);
  const said = await answerOf(scene, asked, id);
  if (!said) return open(`${id} has signed no list with an answer to ${asked.challenge.id}`);
  const signed = new Set(said.access);
  const now = new Set(lines);
  const changed = [...lines.filter((line) => !signed.has(line)), ...said.access.filter((line) => !now.has(line))];
  if (changed[0] !== undefined) return open(`${id} signed another list: ${changed[0]}`);
  return pass(`${id} signed these ${lines.length} lines on ${said.at}`);
}
