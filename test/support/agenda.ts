import { type Clock, instantFromMillis } from '../../src/lib/base/time.js';

/** Time that goes from one waited-for moment to the next: what takes minutes takes no time, and is the same each time. */
export interface Agenda {
  readonly clock: Clock;
  /** From 0 to 1, by the seed. */
  readonly random: () => number;
  /** Milliseconds since the beginning. */
  millis(): number;
  /** Lets time pass until `work` is done. */
  run(work: () => Promise<unknown>): Promise<void>;
}

const START = Date.parse('2026-01-31T09:00:00.000Z');

export function createAgenda(seed: number): Agenda {
  const waiting: { readonly at: number; readonly wake: () => void }[] = [];
  let now = 0;
  let state = seed;
  const random = () => {
    // The generator of Park and Miller, "Random number generators: good ones are hard to find" (1988).
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const sleep = (milliseconds: number) =>
    new Promise<void>((wake) => void waiting.push({ at: now + milliseconds, wake }));
  const run = async (work: () => Promise<unknown>) => {
    let isDone = false;
    const done = work().finally(() => {
      isDone = true;
    });
    for (;;) {
      await new Promise((turn) => setImmediate(turn));
      const next = waiting.toSorted((left, right) => left.at - right.at)[0];
      if (isDone || next === undefined) break;
      waiting.splice(waiting.indexOf(next), 1);
      now = next.at;
      next.wake();
    }
    await done;
  };
  return { clock: { now: () => instantFromMillis(START + Math.floor(now)), sleep }, random, millis: () => now, run };
}
