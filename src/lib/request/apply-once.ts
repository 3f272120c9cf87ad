import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { type Applied, answerMayBeLost, callOnce, type Run, SETTLE_SECONDS, settle, waitFor } from './run.js';

/** What one call is to bring about, and how to see it. */
export interface Wanted {
  readonly what: string;
  readonly look: (run: Run) => Promise<JsonObject>;
  readonly shows: (seen: JsonObject) => boolean;
}

/**
 * For an action of one call that AWS refuses when it was made already, as ScheduleKeyDeletion and CancelKeyDeletion: a run
 * that was cut off waits until an earlier call would show, and calls only when nothing does.
 */
export async function applyOnce(run: Run, wanted: Wanted): Promise<Applied> {
  const awsRequestIds = (await isDone(run, wanted)) ? [] : await callIt(run, wanted);
  const postState = await shown(run, wanted);
  return { awsRequestIds, postState, key: run.request.key };
}

async function isDone(run: Run, { look, shows }: Wanted): Promise<boolean> {
  if (!run.resumed) return false;
  if (shows(await look(run))) return true;
  await settle(run);
  const seen = await look(run);
  if (!shows(seen)) assertUntouched(run, seen);
  return shows(seen);
}

/** Done and taken back since, as by a veto: calling again would undo that. @throws CustodyError PRE_STATE_CHANGED */
function assertUntouched({ request }: Run, { state }: JsonObject): void {
  if (state === request.preState.state) return;
  throw new CustodyError('PRE_STATE_CHANGED', `the key is ${state} now; it was ${request.preState.state}`, {
    details: { expected: request.preState.state ?? null, found: state ?? null },
  });
}

async function callIt(run: Run, wanted: Wanted): Promise<readonly string[]> {
  const [call] = run.request.calls;
  if (!call) throw new CustodyError('BUG', `${wanted.what} without its call`);
  try {
    return [(await callOnce(run, call)).requestId];
  } catch (cause) {
    if (!answerMayBeLost(cause)) throw cause;
    run.progress('The answer was lost; looking at the key');
    await shown(run, wanted).catch(() => {
      throw cause;
    });
    return [];
  }
}

function shown(run: Run, { what, look, shows }: Wanted): Promise<JsonObject> {
  return waitFor(run.clock, SETTLE_SECONDS, what, async () => {
    const seen = await look(run);
    return shows(seen) ? seen : null;
  });
}
