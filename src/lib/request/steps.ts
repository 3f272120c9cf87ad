import { CustodyError } from '../base/errors.js';
import { REQUEST_TAG } from '../record/action-create.js';
import type { SignedCall } from '../record/statement.js';
import { foreign, notAsAsked, type Standing } from './as-asked.js';
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
async function isDone(run: Run, call: SignedCall, keyId: string): Promise<boolean> {
  const { reader } = run;
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
  return isReplicated(run, call, { region: String(parameters.ReplicaRegion), keyId });
}

/** @throws CustodyError REFUSED, FOREIGN_KEY when a replica is there that this request has not made, or not so */
async function isReplicated(run: Run, call: SignedCall, replica: Standing): Promise<boolean> {
  const { region, keyId } = replica;
  const state = (await run.reader.describe(region, keyId))?.state;
  // A replica of a key with imported material waits for its own copy of it.
  if (state !== 'Enabled' && state !== 'PendingImport') return false;
  // A replica that somebody else made meanwhile must not pass for this request's (T49).
  if ((await run.reader.tags(region, keyId))?.[REQUEST_TAG] !== run.request.nonce) {
    throw new CustodyError('REFUSED', `the replica in ${region} was not made by this request`);
  }
  const odd = await notAsAsked(run, call, replica);
  if (odd.length > 0)
    throw foreign(replica, odd, 'Another request can put a replica there only once this one is deleted.');
  return true;
}
