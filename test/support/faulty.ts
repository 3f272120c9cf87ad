import { CustodyError } from '../../src/lib/base/errors.js';
import type { MachineMemory } from '../../src/lib/record/memory.js';
import type { RecordStore } from '../../src/lib/record/store.js';
import { answerLost } from './fake-aws.js';
import type { MemoryRemote } from './memory-record-store.js';

/**
 * How a step goes wrong: it does not happen, it happens and nobody hears of it, it hangs until it is given up, or the
 * process ends around it. Who gives up cannot know whether it happened. `hangs` is the one that did not; one that did and
 * then hangs is `answer lost`: the same state, and an error that says the same, that it may be done.
 */
export const FAULTS = ['fails', 'answer lost', 'hangs', 'killed before', 'killed after'] as const;
export type Fault = (typeof FAULTS)[number];

/** The process is gone: not an error of custody's, and every later step of it fails too. */
export class Killed extends Error {}

export interface Faulty {
  /** `losing` does what `act` does, as one whose answer gets lost would leave things. */
  readonly intercept: <T>(step: string, act: () => Promise<T>, losing?: () => Promise<void>) => Promise<T>;
  /** Names of the steps that were taken. */
  readonly steps: string[];
}

/** Lets the step number `at` go wrong once; without one it only counts. */
export function createFaulty(at = -1, fault: Fault = 'fails'): Faulty {
  const steps: string[] = [];
  let dead = false;
  const intercept: Faulty['intercept'] = async (step, act, losing) => {
    if (dead) throw new Killed(step);
    const number = steps.push(step) - 1;
    if (number !== at) return act();
    if (fault === 'killed before' || fault === 'killed after') dead = true;
    if (fault === 'fails') throw failure(step);
    if (fault === 'hangs') throw givenUp(step);
    if (fault === 'killed before') throw new Killed(step);
    if (fault === 'killed after') {
      await act();
      throw new Killed(step);
    }
    await (losing ?? act)();
    throw lost(step);
  };
  return { intercept, steps };
}

const isStore = (step: string) => step.startsWith('store');

function failure(step: string): CustodyError {
  if (isStore(step)) return new CustodyError('REMOTE_UNREACHABLE', `${step} fails`);
  return new CustodyError('UNAVAILABLE', `${step} fails`, { details: { maybeDone: false } });
}

/** As the adapters say it: AWS's may be done (aws/errors), Git's says no more than that time is over (git/transport). */
function givenUp(step: string): CustodyError {
  const details = isStore(step) ? {} : { maybeDone: true };
  return new CustodyError('TIMEOUT', `${step}: no answer in time`, { details });
}

function lost(step: string): CustodyError {
  return isStore(step) ? new CustodyError('REMOTE_UNREACHABLE', `${step}: no answer`) : answerLost(step);
}

/** A clone whose contacts with the remote are steps; after a lost answer of a push it is where it was before. */
export function faultyStore(store: RecordStore, remote: MemoryRemote, { intercept }: Faulty): RecordStore {
  return {
    sync: (options) => intercept('store sync', () => store.sync(options)),
    publish: (build, options) =>
      intercept(
        'store publish',
        () => store.publish(build, options),
        async () => {
          remote.loseNextAnswer = true;
          await store.publish(build, options).catch(() => undefined);
          remote.loseNextAnswer = false;
        },
      ),
    local: () => store.local(),
    at: (head) => store.at(head),
    outbox: () => store.outbox(),
    history: (head) => store.history(head),
    foldersAt: (questions) => store.foldersAt(questions),
  };
}

export function faultyMemory(memory: MachineMemory, { intercept }: Faulty): MachineMemory {
  return { read: () => memory.read(), write: (value) => intercept('memory write', () => memory.write(value)) };
}
