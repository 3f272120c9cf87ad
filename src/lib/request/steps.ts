import { CustodyError } from '../base/errors.js';
import { REQUEST_TAG } from '../record/action-create.js';
import type { SignedCall } from '../record/statement.js';
import { aliasTarget } from './observe-key.js';
import { callAndSee, type Run, SETTLE_SECONDS } from './run.js';

const REPLICA_SECONDS = 300;

/** A call that makes something: a run that was cut off makes it unless AWS shows it, and waits until AWS does. */
export async function makeOnce(run: Run, call: SignedCall, keyId: string): Promise<readonly string[]> {
  if (run.resumed && (await isDone(run, call, keyId))) return [];
  run.progress(`${call.operation} in ${call.region}`);
  const seconds = call.operation === 'ReplicateKey' ? REPLICA_SECONDS : SETTLE_SECONDS;
  return (await callAndSee(run, call, async () => (await isDone(run, call, keyId)) || null, seconds)).awsRequestIds;
}

/** Whether AWS shows what a call would do. @throws CustodyError REFUSED when somebody else's is in its place */
async function isDone({ reader, request }: Run, call: SignedCall, keyId: string): Promise<boolean> {
  const { operation, region, parameters } = call;
  if (operation === 'CreateAlias') {
    const target = await aliasTarget(reader, region, String(parameters.AliasName));
    if (target === null || target === keyId) return target !== null;
    throw new CustodyError('REFUSED', `${parameters.AliasName} in ${region} belongs to another key`, {
      details: { target },
    });
  }
  if (operation === 'EnableKeyRotation') {
    const status = await reader.rotationStatus(region, keyId);
    return status?.enabled === true && status.periodDays === parameters.RotationPeriodInDays;
  }
  if (operation !== 'ReplicateKey') throw new CustodyError('BUG', `${operation} makes nothing that is known`);
  const where = String(parameters.ReplicaRegion);
  const state = (await reader.describe(where, keyId))?.state;
  // A replica of a key with imported material waits for its own copy of it.
  if (state !== 'Enabled' && state !== 'PendingImport') return false;
  // Its policy is read back later; a replica that somebody else made meanwhile must not pass for this request's (T49).
  if ((await reader.tags(where, keyId))?.[REQUEST_TAG] === request.nonce) return true;
  throw new CustodyError('REFUSED', `the replica in ${where} was not made by this request`);
}
