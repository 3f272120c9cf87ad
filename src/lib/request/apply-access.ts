import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { assertSameState } from './assert-state.js';
import { observe } from './observe.js';
import { type Applied, answerMayBeLost, callOnce, type Run, SETTLE_SECONDS, settle, waitFor } from './run.js';
import { type AccessAction, shows } from './shows.js';

/** What KMS answers when an earlier call has already done it. */
const DONE_BEFORE: ReadonlySet<unknown> = new Set(['AlreadyExistsException', 'NotFoundException']);

/**
 * For an action of one call that shows in AWS's state by what it says: a policy, a name, a grant. Some of these calls fail
 * when they are made again, and a policy or alias that someone else has set meanwhile must not be written over: so a run
 * that was cut off first waits until an earlier call would show, and calls only on the state that was approved.
 */
export async function applyAccess(run: Run, action: AccessAction): Promise<Applied> {
  const seen = run.resumed ? await shownAfterAll(run, action) : null;
  if (seen !== null) return { awsRequestIds: [], postState: seen, key: run.request.key };
  const awsRequestIds = await callUnlessDone(run, action);
  const postState = await waitFor(run.clock, SETTLE_SECONDS, `the change of ${run.request.action}`, () =>
    look(run, action),
  );
  return { awsRequestIds, postState, key: run.request.key };
}

/** What an earlier run has done. @throws CustodyError PRE_STATE_CHANGED when it is neither done nor as it was approved (T13) */
async function shownAfterAll(run: Run, action: AccessAction): Promise<JsonObject | null> {
  const atOnce = await look(run, action);
  if (atOnce !== null) return atOnce;
  await settle(run);
  const seen = await observe(run.reader, run.request);
  if (shows(action, seen, run.request)) return seen;
  assertSameState(run.request.preState, seen);
  return null;
}

async function callUnlessDone(run: Run, action: AccessAction): Promise<readonly string[]> {
  const [call] = run.request.calls;
  if (!call) throw new CustodyError('BUG', `${action} without its call`);
  try {
    // Of the answer only AWS's request id is kept: CreateGrant's holds a token that whoever has it can use.
    return [(await callOnce(run, call)).requestId];
  } catch (cause) {
    if (answerMayBeLost(cause)) return [];
    const late = run.resumed && cause instanceof CustodyError && DONE_BEFORE.has(cause.details?.awsCode);
    if (late && (await look(run, action)) !== null) return [];
    throw cause;
  }
}

async function look(run: Run, action: AccessAction): Promise<JsonObject | null> {
  const seen = await observe(run.reader, run.request);
  return shows(action, seen, run.request) ? seen : null;
}
