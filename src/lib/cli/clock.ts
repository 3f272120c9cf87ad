import { setTimeout as wait } from 'node:timers/promises';
import { CustodyError } from '../base/errors.js';
import { type Clock, instantFromMillis, millisOf } from '../base/time.js';
import { parsePlan } from '../plan/format.js';
import type { Plan } from '../plan/plan.js';
import { planPath } from '../record/paths.js';
import type { View } from '../record/store.js';
import { readSandboxTime } from '../sandbox/client.js';

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => instantFromMillis(Date.now()),
  sleep,
};

async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await wait(milliseconds, undefined, signal ? { signal } : {});
  } catch (cause) {
    throw new CustodyError('INTERRUPTED', 'interrupted while waiting', { cause });
  }
}

/** The newest plan file of a clone, unjudged: it says only where to look for the time. Null before the first. */
export async function latestPlan(view: View): Promise<Plan | null> {
  if (view.head === null) return null;
  const count = (await view.pathsUnder('plan/')).length;
  const bytes = (await view.read([planPath(count)])).get(planPath(count));
  return bytes ? parsePlan(bytes).plan : null;
}

const SANDBOX_TIMEOUT_MILLIS = 2_000;

/**
 * The clock that a plan is judged by: this machine's, or for a sandbox the sandbox's own, which can be moved. It is
 * compared with AWS's Date before anything is signed.
 */
export async function openClock(plan: Plan, host: () => Promise<string>, tell: (text: string) => void): Promise<Clock> {
  if (plan.environment !== 'sandbox') return systemClock;
  try {
    const { hostname, port } = new URL(`http://${await host()}`);
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return systemClock;
    const { now } = await readSandboxTime(Number(port), SANDBOX_TIMEOUT_MILLIS);
    const offset = millisOf(now) - Date.now();
    return { now: () => instantFromMillis(Date.now() + offset), sleep };
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    tell('The sandbox does not answer: times are by the clock of this machine.');
    return systemClock;
  }
}
