import { asCustodyError, type CustodyError } from '../base/errors.js';
import type { Notes, Stage, Step } from './stage.js';

export interface StepReport {
  readonly name: string;
  readonly attack: boolean;
  readonly status: 'pass' | 'fail' | 'skip';
  readonly seconds: number;
  readonly command: string;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface Rehearsal {
  readonly verdict: 'verified' | 'refused';
  readonly steps: readonly StepReport[];
  readonly attacksRefused: number;
  readonly seconds: number;
}

export interface Audience {
  /** Milliseconds of a clock that only goes forward. */
  readonly millis: () => number;
  readonly ended: (report: StepReport, number: number) => void;
}

/**
 * Plays a story; after a step that fails the rest is skipped, since it would stand on nothing. Steps that say so are
 * played at the same time as the one before.
 */
export async function rehearse(story: readonly Step[], stage: Stage, audience: Audience): Promise<Rehearsal> {
  const notes: Notes = {
    genesis: '',
    signerFiles: [],
    requests: [],
    rotation: null,
    replicaPolicy: null,
    cycle: null,
    caseDataArn: '',
    ciphertext: '',
    materialBefore: '',
  };
  const start = audience.millis();
  const steps: StepReport[] = [];
  let failed = false;
  for (const scene of scenesOf(story)) {
    const skipped = failed;
    const reports = await Promise.all(
      scene.map((step): StepReport | Promise<StepReport> =>
        skipped
          ? { ...facts(step), status: 'skip', seconds: 0, command: '' }
          : playOne(step, stage, notes, audience.millis),
      ),
    );
    for (const report of reports) {
      failed ||= report.status === 'fail';
      audience.ended(report, steps.push(report));
    }
  }
  return {
    verdict: !failed && steps.length > 0 ? 'verified' : 'refused',
    steps,
    attacksRefused: steps.filter(({ attack, status }) => attack && status === 'pass').length,
    seconds: seconds(start, audience.millis()),
  };
}

function scenesOf(story: readonly Step[]): readonly (readonly Step[])[] {
  const scenes: Step[][] = [];
  for (const step of story) {
    const scene = step.meanwhile ? scenes.at(-1) : undefined;
    if (scene) scene.push(step);
    else scenes.push([step]);
  }
  return scenes;
}

async function playOne(step: Step, stage: Stage, notes: Notes, millis: () => number): Promise<StepReport> {
  const start = millis();
  const done = (rest: Pick<StepReport, 'status' | 'command'> & { error?: StepReport['error'] }) => ({
    ...facts(step),
    seconds: seconds(start, millis()),
    ...rest,
  });
  try {
    return done({ status: 'pass', command: await step.play(stage, notes) });
  } catch (cause) {
    const { code, message }: CustodyError = asCustodyError(cause, 'BUG', String(cause));
    return done({ status: 'fail', command: '', error: { code, message } });
  }
}

function facts({ name, attack }: Step): Pick<Step, 'name' | 'attack'> {
  return { name, attack };
}

function seconds(start: number, end: number): number {
  return Math.round(end - start) / 1000;
}
