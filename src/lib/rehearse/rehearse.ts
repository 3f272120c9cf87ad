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
  readonly begins: (step: Step, number: number) => void;
  readonly ended: (report: StepReport) => void;
}

/** Plays a story; after a step that fails the rest is skipped, since it would stand on nothing. */
export async function rehearse(story: readonly Step[], stage: Stage, audience: Audience): Promise<Rehearsal> {
  const notes: Notes = {
    genesis: '',
    signerFiles: [],
    requests: [],
    rotation: null,
    caseDataArn: '',
    ciphertext: '',
    materialBefore: '',
  };
  const start = audience.millis();
  const steps: StepReport[] = [];
  let failed = false;
  for (const [index, step] of story.entries()) {
    audience.begins(step, index + 1);
    const report: StepReport = failed
      ? { ...facts(step), status: 'skip', seconds: 0, command: '' }
      : await playOne(step, stage, notes, audience.millis);
    failed ||= report.status === 'fail';
    steps.push(report);
    audience.ended(report);
  }
  return {
    verdict: !failed && steps.length > 0 ? 'verified' : 'refused',
    steps,
    attacksRefused: steps.filter(({ attack, status }) => attack && status === 'pass').length,
    seconds: seconds(start, audience.millis()),
  };
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
