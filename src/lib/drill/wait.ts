import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import { isCycle } from '../request/cycle.js';
import { casesOf, lookUp } from '../request/desk.js';
import { isOpen } from '../request/open.js';
import type { Actor } from '../request/ports.js';
import { answerOf, challengeOf } from './answers.js';
import { askChallenge } from './ask-challenge.js';
import { type Asked, openUntil } from './challenges.js';
import type { DrillId } from './drills.js';
import type { Scene } from './ports.js';

/** Drills about what people do, the first of which waits for them. */
export const PEOPLE: readonly DrillId[] = ['cycle', 'challenge', 'review'];

const FIRST_PAUSE_MILLIS = 5000;
const LONGEST_PAUSE_MILLIS = 30_000;

/**
 * Asks a challenge, where none is open, and looks at the remote again and again until every custodian has answered that very one, and
 * no exercise is open any more, or the time is over. Who is missing then, the drills say.
 * @returns the scene as people have left it
 * @throws CustodyError CONFLICT where plan or roster have changed meanwhile: what was looked at before is of other rules
 */
export async function awaitPeople(
  given: Scene,
  actor: Actor,
  selected: readonly DrillId[],
  seconds: number,
): Promise<Scene> {
  const { clock, progress } = given.ports;
  const until = addSeconds(clock.now(), seconds);
  let scene = selected.includes('challenge') || selected.includes('review') ? await withChallenge(given, actor) : given;
  for (let pause = FIRST_PAUSE_MILLIS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS)) {
    scene = await lookAgain(scene);
    const missing = await missingIn(scene, selected);
    if (missing.length === 0 || clock.now() >= until) return scene;
    progress(`Waiting until ${until} for ${missing.join(', ')}`);
    await clock.sleep(Math.min(pause, millisUntil(until, clock.now())));
  }
}

/** With a challenge that is open: a drill that was killed while it waited had asked it, and it is not asked again. */
async function withChallenge(given: Scene, actor: Actor): Promise<Scene> {
  const { ports, verifier } = given;
  const scene = await lookAgain(given);
  const { challenge, created } = await askChallenge(ports, scene.state, actor, verifier);
  const { id, said } = challenge;
  ports.progress(
    `${created ? 'Asked' : `${said.by} had asked`} ${id}: each custodian answers it until ${openUntil(challenge, scene.state)}`,
  );
  return { ...scene, state: await lookUp(ports, 'local') };
}

function millisUntil(until: Instant, now: Instant): number {
  return Math.max(1, Date.parse(until) - Date.parse(now));
}

/** A remote that is away for a moment ends no drill that waits. */
async function lookAgain(scene: Scene): Promise<Scene> {
  const { ports, state: before } = scene;
  try {
    const state = await lookUp(ports, 'remote');
    if (state.planDigest !== before.planDigest || state.rosterDigest !== before.rosterDigest)
      throw new CustodyError('CONFLICT', 'plan or roster have changed while the drill waited');
    return { ...scene, state, cases: (await casesOf(ports, state)).cases };
  } catch (cause) {
    const away = cause instanceof CustodyError && ['REMOTE_UNREACHABLE', 'TIMEOUT'].includes(cause.code);
    if (!away) throw cause;
    return scene;
  }
}

/** For whom or what a drill waits, for people. */
async function missingIn(scene: Scene, selected: readonly DrillId[]): Promise<readonly string[]> {
  const { state, cases } = scene;
  const exercises = selected.includes('cycle') ? cases.filter((one) => isCycle(one) && isOpen(one)) : [];
  const asked = selected.includes('challenge') || selected.includes('review');
  const challenge = asked ? await challengeOf(scene) : null;
  const silent: string[] = [];
  if (challenge?.challenge)
    for (const { id } of state.roster.custodians) if (await isSilent(scene, challenge, id)) silent.push(id);
  return [
    ...silent.map((id) => `${id} (custody dr answer)`),
    ...exercises.map(({ id, verdict }) => `the exercise ${id} (${verdict.state})`),
  ];
}

/** What is no answer is for the drill to say: there is nothing to wait for. */
async function isSilent(scene: Scene, asked: Asked, id: string): Promise<boolean> {
  try {
    return (await answerOf(scene, asked, id)) === null;
  } catch (cause) {
    if (cause instanceof CustodyError) return false;
    throw cause;
  }
}
