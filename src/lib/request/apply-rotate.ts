import { CustodyError } from '../base/errors.js';
import { observe } from './observe.js';
import { type Applied, answerMayBeLost, callOnce, type Run, SETTLE_SECONDS, settle, waitFor } from './run.js';

const FINISH_SECONDS = 600;

/**
 * RotateKeyOnDemand is not idempotent: a second call would rotate twice and use up one of 25. So whether it happened is
 * read from ListKeyRotations and GetKeyRotationStatus, never guessed from an answer.
 */
export async function applyRotate(run: Run): Promise<Applied> {
  const awsRequestIds: string[] = [];
  if (!(run.resumed && (await hasBegun(run)))) {
    if (run.resumed) await settle(run);
    if (!(run.resumed && (await hasBegun(run)))) awsRequestIds.push(...(await rotateOnce(run)));
  }
  run.progress(`Waiting for AWS to finish the rotation of ${run.request.key?.name}`);
  await waitFor(run.clock, FINISH_SECONDS, 'the rotation', async () => ((await onDemandSince(run)) > 0 ? true : null));
  const postState = await observe(run.reader, run.request);
  const made = await onDemandSince(run);
  if (made !== 1) {
    throw new CustodyError('POST_STATE_UNEXPECTED', `${made} rotations on demand since the request, expected one`, {
      details: { made },
    });
  }
  return { awsRequestIds, postState, key: run.request.key };
}

async function rotateOnce(run: Run): Promise<readonly string[]> {
  const [call] = run.request.calls;
  if (!call) throw new CustodyError('BUG', 'a rotation without its call');
  try {
    return [(await callOnce(run, call)).requestId];
  } catch (cause) {
    if (!answerMayBeLost(cause)) throw cause;
    run.progress('The answer was lost; looking at the key whether it rotates');
    await waitFor(run.clock, SETTLE_SECONDS, 'the rotation', async () => ((await hasBegun(run)) ? true : null)).catch(
      () => {
        throw cause;
      },
    );
    return [];
  }
}

async function hasBegun(run: Run): Promise<boolean> {
  const { region } = run.request;
  const status = await run.reader.rotationStatus(region, run.request.key?.arn ?? '');
  return (status?.onDemandStartedAt ?? null) !== null || (await onDemandSince(run)) > 0;
}

/** Rotations on demand beyond those that the signed pre-state counted. */
async function onDemandSince({ reader, request }: Run): Promise<number> {
  const rotations = (await reader.rotations(request.region, request.key?.arn ?? '')) ?? [];
  return rotations.slice(Number(request.preState.rotationCount)).filter(({ type }) => type === 'ON_DEMAND').length;
}
