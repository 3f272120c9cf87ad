import { observe } from './observe.js';
import { type Applied, answerMayBeLost, callOnce, type Run, SETTLE_SECONDS, waitFor } from './run.js';

/** EnableKeyRotation says the same thing however often it is said. */
export async function applyRotation(run: Run): Promise<Applied> {
  const awsRequestIds: string[] = [];
  for (const call of run.request.calls) {
    try {
      awsRequestIds.push((await callOnce(run, call)).requestId);
    } catch (cause) {
      if (!answerMayBeLost(cause)) throw cause;
    }
  }
  const { periodDays } = run.request.parameters;
  const postState = await waitFor(run.clock, SETTLE_SECONDS, 'the new rotation period', async () => {
    const seen = await observe(run.reader, run.request);
    return seen.enabled === true && seen.periodDays === periodDays ? seen : null;
  });
  return { awsRequestIds, postState, key: run.request.key };
}
