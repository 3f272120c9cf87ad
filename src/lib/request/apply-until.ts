import type { JsonObject } from '../base/canonical-json.js';
import { observe } from './observe.js';
import { type Applied, answerMayBeLost, callOnce, type Run, SETTLE_SECONDS, waitFor } from './run.js';

/**
 * For an action whose calls say the same thing however often they are said: makes them, and waits until AWS shows what
 * they say. A run that was cut off makes only the calls that AWS does not show yet.
 * @param shows whether an observed state is the one that the request asks for
 */
export async function applyUntil(run: Run, what: string, shows: (seen: JsonObject) => boolean): Promise<Applied> {
  const awsRequestIds: string[] = [];
  const done = run.resumed && shows(await observe(run.reader, run.request));
  for (const call of done ? [] : run.request.calls) {
    try {
      awsRequestIds.push((await callOnce(run, call)).requestId);
    } catch (cause) {
      if (!answerMayBeLost(cause)) throw cause;
    }
  }
  const postState = await waitFor(run.clock, SETTLE_SECONDS, what, async () => {
    const seen = await observe(run.reader, run.request);
    return shows(seen) ? seen : null;
  });
  return { awsRequestIds, postState, key: run.request.key };
}
