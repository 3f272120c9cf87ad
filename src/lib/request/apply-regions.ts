import { isObject } from '../base/fields.js';
import { inRegion } from '../key/key.js';
import { observe } from './observe.js';
import { arnOf } from './observe-key.js';
import { assertPolicies } from './read-back.js';
import { type Applied, callAndSee, type Run, settle, waitFor } from './run.js';
import { makeOnce } from './steps.js';

/** AWS gives no time for it; both keys are Updating meanwhile. */
const PROMOTE_SECONDS = 300;

/** ReplicateKey, then its alias; a run that was cut off goes on at the first that AWS does not show. */
export async function applyReplicate(run: Run): Promise<Applied> {
  if (run.resumed) await settle(run);
  const keyId = run.request.key?.keyId ?? '';
  const awsRequestIds: string[] = [];
  for (const call of run.request.calls) awsRequestIds.push(...(await makeOnce(run, call, keyId)));
  const policies = await assertPolicies(run, keyId);
  return { awsRequestIds, postState: { ...(await observe(run.reader, run.request)), policies }, key: run.request.key };
}

/**
 * UpdatePrimaryRegion refuses a second call, for the key is no primary any more then: so whether it has happened is read from
 * DescribeKey, and only a primary that has not moved is called for.
 */
export async function applyPromote(run: Run): Promise<Applied> {
  if (run.resumed) await settle(run);
  const awsRequestIds: string[] = [];
  const { request, reader, clock } = run;
  if (!(run.resumed && (await isMoved(run)))) {
    for (const call of request.calls)
      awsRequestIds.push(...(await callAndSee(run, call, () => isMoved(run))).awsRequestIds);
  }
  run.progress('Waiting until the key works in both Regions again');
  const postState = await waitFor(clock, PROMOTE_SECONDS, 'the end of the promotion', async () => {
    const seen = await observe(reader, request);
    return seen.state === 'Enabled' && isObject(seen.replica) && seen.replica.state === 'Enabled' ? seen : null;
  });
  const { key } = request;
  return {
    awsRequestIds,
    postState,
    key: key && { ...key, arn: inRegion(arnOf(request), String(request.parameters.to)) },
  };
}

async function isMoved({ reader, request }: Run): Promise<true | null> {
  return (await observe(reader, request)).primaryRegion === request.parameters.to || null;
}
