import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import { isCycle } from '../request/cycle.js';
import { casesOf, lookUp } from '../request/desk.js';
import { isOpen } from '../request/open.js';
import { newestAnswer, openChallenges } from './answers.js';
import type { DrillId } from './drills.js';
import type { Scene } from './ports.js';

/** Drills about what people do, the first of which waits for them. */
export const PEOPLE: readonly DrillId[] = ['cycle', 'challenge', 'review'];

const FIRST_PAUSE_MILLIS = 5000;
const LONGEST_PAUSE_MILLIS = 30_000;

/**
 * Looks at the remote again and again until every custodian has answered, and no exercise is open any more, or the time is over. Who is
 * missing then, the drills say.
 * @returns the scene as people have left it
 * @throws CustodyError CONFLICT where plan or roster have changed meanwhile: what was looked at before is of other rules
 */
export async function awaitPeople(given: Scene, selected: readonly DrillId[], seconds: number): Promise<Scene> {
  const { clock, progress } = given.ports;
  const until = addSeconds(clock.now(), seconds);
  let scene = given;
  for (let pause = FIRST_PAUSE_MILLIS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS)) {
    scene = await lookAgain(scene);
    const missing = await missingIn(scene, selected);
    if (missing.length === 0 || clock.now() >= until) return scene;
    progress(`Waiting until ${until} for ${missing.join(', ')}`);
    await clock.sleep(Math.min(pause, millisUntil(until, clock.now())));
  }
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
  const { state, history, ports, cases } = scene;
  const exercises = selected.includes('cycle') ? cases.filter((one) => isCycle(one) && isOpen(one)) : [];
  const asked = selected.includes('challenge') || selected.includes('review');
  const answerable = asked && openChallenges(history, state, ports.clock.now()).length > 0;
  const silent: string[] = [];
  for (const { id } of answerable ? state.roster.custodians : []) if (await isSilent(scene, id)) silent.push(id);
  return [
    ...silent.map((id) => `${id} (custody dr answer)`),
    ...exercises.map(({ id, verdict }) => `the exercise ${id} (${verdict.state})`),
  ];
}

/** What is no answer is for the drill to say: there is nothing to wait for. */
async function isSilent(scene: Scene, id: string): Promise<boolean> {
  try {
    return (await newestAnswer(scene, id)) === null;
  } catch (cause) {
    if (cause instanceof CustodyError) return false;
    throw cause;
  }
}
