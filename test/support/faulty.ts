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

/** What a step comes to that knows by itself how to go wrong; others throw. */
export type Broken<T> = Readonly<Record<'fails' | 'answer lost' | 'hangs', () => Promise<T>>>;

/** The process is gone: not an error of custody's, and every later step of it fails too. */
export class Killed extends Error {}

export interface Faulty {
  readonly intercept: <T>(step: string, act: () => Promise<T>, broken?: Broken<T>) => Promise<T>;
  /** Names of the steps that were taken. */
  readonly steps: string[];
}

/** Lets the step number `at` go wrong once; without one it only counts. */
export function createFaulty(at = -1, fault: Fault = 'fails'): Faulty {
  const steps: string[] = [];
  let dead = false;
  const intercept: Faulty['intercept'] = async (step, act, broken) => {
    if (dead) throw new Killed(step);
    const number = steps.push(step) - 1;
    if (number !== at) return act();
    if (fault === 'killed before' || fault === 'killed after') dead = true;
    if (fault === 'killed before') throw new Killed(step);
    if (fault === 'killed after') {
      await act();
      throw new Killed(step);
    }
    if (broken) return broken[fault]();
    if (fault === 'fails') throw failure(step);
    if (fault === 'hangs') throw givenUp(step);
    await act();
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

/**
 * A clone whose contacts with the remote are steps. A push that goes wrong goes wrong in the remote, below the clone: what
 * may wait then waits in its outbox, as it does in Git's.
 */
export function faultyStore(store: RecordStore, remote: MemoryRemote, { intercept }: Faulty): RecordStore {
  const during = async <T>(wrong: 'unreachable' | 'silent' | 'loseNextAnswer', act: () => Promise<T>): Promise<T> => {
    remote[wrong] = true;
    try {
      return await act();
    } finally {
      remote[wrong] = false;
    }
  };
  return {
    sync: (options) => intercept('store sync', () => store.sync(options)),
    publish: (build, options) =>
      intercept('store publish', () => store.publish(build, options), {
        fails: () => during('unreachable', () => store.publish(build, options)),
        hangs: () => during('silent', () => store.publish(build, options)),
        'answer lost': () => during('loseNextAnswer', () => store.publish(build, options)),
      }),
    local: () => store.local(),
    at: (head) => store.at(head),
    outbox: () => store.outbox(),
    history: (head) => store.history(head),
    foldersAt: (questions) => store.foldersAt(questions),
    stage: () => store.stage(),
    changesUnder: (head, folders) => store.changesUnder(head, folders),
    readBlobs: (ids, visit) => store.readBlobs(ids, visit),
  };
}

export function faultyMemory(memory: MachineMemory, { intercept }: Faulty): MachineMemory {
  return {
    read: () => memory.read(),
    replace: (read, next) => intercept('memory write', () => memory.replace(read, next)),
  };
}
