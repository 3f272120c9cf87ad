import { checkAsked, checkOutcome } from './expectation.js';
import { type Expectation, type Fact, type How, operationOf, valueAt } from './fact.js';
import { fillObject, type Saved } from './fill.js';
import { insist, type Outcome, run, type Stage } from './stage.js';

export type Story = Pick<Fact, 'service' | 'given' | 'requests'>;

/** What a story came to: the last answer, and what was saved on the way. */
export interface Played {
  readonly outcome: Outcome;
  readonly saved: Saved;
}

/** Plays a fact and holds it against what it says. @throws Error when it is otherwise */
export async function playFact(stage: Stage, fact: Fact): Promise<void> {
  checkPlayed(stage, await play(stage, fact), fact.expect);
}

/** @throws Error */
export function checkPlayed(stage: Stage, { outcome, saved }: Played, expected: Expectation): void {
  checkOutcome(outcome, expected, saved);
  const asked = stage.asked();
  if (asked !== null) checkAsked(asked, expected, saved);
}

/** Makes the requests of a story. @throws Error when one before the last is refused */
export async function play(stage: Stage, { service, given = {}, requests }: Story): Promise<Played> {
  const saved = new Map<string, string>();
  for (const [name, input] of Object.entries(given)) {
    const { KeyMetadata = {} } = await run(stage, 'CreateKey', fillObject(input, saved, stage.root));
    saved.set(name, String(valueAt({ KeyMetadata }, 'KeyMetadata.KeyId')));
    saved.set(`${name}.arn`, String(valueAt({ KeyMetadata }, 'KeyMetadata.Arn')));
  }
  stage.forget();
  let last: Outcome = { answer: {} };
  for (const [at, [name, input, how = {}]] of requests.entries()) {
    const [of, operation] = operationOf({ service }, name);
    for (let time = 0; time < (how.times ?? 1); time++) {
      await stage.wait(how.wait ?? 0);
      saved.set('n', String(time));
      const ask = { ...how, service: of, operation, input: fillObject(input, saved, stage.root) };
      last = await insist(stage, ask, how);
      const final = at === requests.length - 1 && time === (how.times ?? 1) - 1;
      if (!final) goOn(last, operation, how, saved);
    }
  }
  return { outcome: last, saved };
}

function goOn(outcome: Outcome, operation: string, { may, save = {} }: How, saved: Map<string, string>): void {
  if ('refused' in outcome) {
    const { code, message } = outcome.refused;
    if (code !== may) throw new Error(`${operation}: ${code}: ${message}`);
    return;
  }
  for (const [name, path] of Object.entries(save)) saved.set(name, String(valueAt(outcome.answer, path)));
}
