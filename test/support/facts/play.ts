import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { HOME } from '../../lib/sandbox/kms/harness.js';
import { checkAsked, checkOutcome } from './expectation.js';
import { type Expectation, type Fact, type How, operationOf, valueAt } from './fact.js';
import { fillObject, type Saved } from './fill.js';
import type { Moment } from './moment.js';
import { checkRecorded } from './record.js';
import { insist, type Outcome, run, type Stage } from './stage.js';

export type Story = Pick<Fact, 'service' | 'given' | 'requests'>;

/** What a story came to: the last answer, what was saved on the way, and when. */
export interface Played {
  readonly outcome: Outcome;
  readonly saved: Saved;
  readonly beganMillis: number;
  /** When the last request was answered. */
  readonly moment: Moment;
  readonly last: { readonly service: string; readonly operation: string; readonly region: string };
}

/** Plays a fact and holds it against what it says. @throws Error when it is otherwise */
export async function playFact(stage: Stage, fact: Fact): Promise<void> {
  const played = await play(stage, fact);
  checkPlayed(stage, played, fact.expect);
  await checkRecorded(stage, played, fact.expect);
}

/** All of a fact but CloudTrail's record. @throws Error */
export function checkPlayed(stage: Stage, { outcome, saved, moment }: Played, expected: Expectation): void {
  checkOutcome(outcome, expected, saved, moment);
  const asked = stage.asked();
  if (asked !== null) checkAsked(asked, expected, saved);
}

/** Makes the requests of a story. @throws Error when one before the last is refused */
export async function play(stage: Stage, { service, given = {}, requests }: Story): Promise<Played> {
  const beganMillis = stage.nowMillis();
  const saved = await make(stage, given);
  stage.forget();
  let outcome: Outcome = { answer: {} };
  let last = { service: String(service), operation: '', region: HOME };
  for (const [at, [name, input, how = {}]] of requests.entries()) {
    const [of, operation] = operationOf({ service }, name);
    last = { service: of, operation, region: how.in ?? HOME };
    for (let time = 0; time < (how.times ?? 1); time++) {
      await stage.wait(how.wait ?? 0);
      saved.set('n', String(time));
      const filled = fillObject(input, saved, stage.root);
      outcome =
        of === 'sandbox'
          ? controlled(stage, operation, filled)
          : await insist(stage, { ...how, service: of, operation, input: filled }, how);
      const final = at === requests.length - 1 && time === (how.times ?? 1) - 1;
      if (!final || 'answer' in outcome) goOn(outcome, operation, how, saved);
    }
  }
  const moment = { millis: stage.nowMillis(), toleranceSeconds: stage.toleranceSeconds };
  return { outcome, saved, beganMillis, moment, last };
}

/** The keys that exist before. */
async function make(stage: Stage, given: Readonly<Record<string, JsonObject>>): Promise<Map<string, string>> {
  const saved = new Map<string, string>();
  for (const [name, input] of Object.entries(given)) {
    const { KeyMetadata = {} } = await run(stage, 'CreateKey', fillObject(input, saved, stage.root));
    saved.set(name, String(valueAt({ KeyMetadata }, 'KeyMetadata.KeyId')));
    saved.set(`${name}.arn`, String(valueAt({ KeyMetadata }, 'KeyMetadata.Arn')));
  }
  return saved;
}

function controlled(stage: Stage, operation: string, input: JsonObject): Outcome {
  if (stage.control === undefined) throw new Error(`this stage has no ${operation}`);
  return { answer: stage.control(operation, input) };
}

function goOn(outcome: Outcome, operation: string, { may, save = {} }: How, saved: Map<string, string>): void {
  if ('refused' in outcome) {
    const { code, message } = outcome.refused;
    if (code !== may) throw new Error(`${operation}: ${code}: ${message}`);
    return;
  }
  for (const [name, path] of Object.entries(save)) saved.set(name, String(valueAt(outcome.answer, path)));
}
