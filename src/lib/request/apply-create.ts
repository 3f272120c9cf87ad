import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { type KeyArn, keyArnOf } from '../key/key.js';
import { CREATED_KEY, REQUEST_TAG } from '../record/action-create.js';
import { digestOfJson, type SignedCall } from '../record/statement.js';
import { aliasTarget } from './observe-key.js';
import { type Applied, answerMayBeLost, callOnce, type Run, SETTLE_SECONDS, settle, waitFor } from './run.js';

const REPLICA_SECONDS = 300;

/** A fixed list of calls; a run that was cut off is taken up at the first one that AWS does not show. */
export async function applyCreate(run: Run): Promise<Applied> {
  const [create, ...others] = run.request.calls;
  if (!create) throw new CustodyError('BUG', 'a creation without its calls');
  const awsRequestIds: string[] = [];
  const arn = await createdKey(run, create, awsRequestIds);
  for (const call of others) {
    run.progress(`${call.operation} in ${call.region}`);
    await step(run, withKey(call, arn.keyId), arn, awsRequestIds);
  }
  const key = {
    name: run.request.key?.name ?? '',
    alias: run.request.key?.alias ?? '',
    arn: arn.text,
    keyId: arn.keyId,
  };
  return { awsRequestIds, postState: await createdState(run, arn), key };
}

interface Created {
  readonly text: KeyArn;
  readonly keyId: string;
}

async function createdKey(run: Run, create: SignedCall, awsRequestIds: string[]): Promise<Created> {
  if (run.resumed) {
    await settle(run);
    const found = await findByTag(run);
    if (found) return found;
  }
  try {
    run.progress(`CreateKey in ${create.region}`);
    const { requestId, answer } = await callOnce(run, create);
    awsRequestIds.push(requestId);
    return created(run, create.region, createdId(answer));
  } catch (cause) {
    if (!answerMayBeLost(cause)) throw cause;
    run.progress('The answer was lost; looking for the key by its tag');
    return waitFor(run.clock, SETTLE_SECONDS, 'the key', () => findByTag(run)).catch(() => {
      throw cause;
    });
  }
}

/** The key that carries this request's nonce in its tag: made by CreateKey itself, so there is no moment without it. */
async function findByTag(run: Run): Promise<Created | null> {
  const { region, nonce } = run.request;
  for (const keyId of await run.reader.keyIds(region)) {
    const tags = await run.reader.tags(region, keyId).catch(ignoreDenied);
    if (tags?.[REQUEST_TAG] === nonce) return created(run, region, keyId);
  }
  return null;
}

/** Keys of others that this role may not look at cannot be the one: it would be ours. */
function ignoreDenied(cause: unknown): null {
  if (cause instanceof CustodyError && cause.code === 'DENIED') return null;
  throw cause;
}

function created({ request }: Run, region: string, keyId: string): Created {
  return { keyId, text: keyArnOf({ partition: request.partition, account: request.account, region, keyId }) };
}

function withKey(call: SignedCall, keyId: string): SignedCall {
  const replace = (value: JsonValue) => (value === CREATED_KEY ? keyId : value);
  const parameters = Object.fromEntries(Object.entries(call.parameters).map(([name, value]) => [name, replace(value)]));
  return { ...call, parameters };
}

async function step(run: Run, call: SignedCall, key: Created, awsRequestIds: string[]): Promise<void> {
  if (run.resumed && (await isDone(run, call, key))) return;
  try {
    awsRequestIds.push((await callOnce(run, call)).requestId);
  } catch (cause) {
    if (!answerMayBeLost(cause)) throw cause;
  }
  const seconds = call.operation === 'ReplicateKey' ? REPLICA_SECONDS : SETTLE_SECONDS;
  await waitFor(run.clock, seconds, call.operation, async () => ((await isDone(run, call, key)) ? true : null));
}

/** Whether AWS shows what a call would do. */
async function isDone({ reader }: Run, { operation, region, parameters }: SignedCall, key: Created): Promise<boolean> {
  if (operation === 'CreateAlias') {
    const target = await aliasTarget(reader, region, String(parameters.AliasName));
    if (target === null || target === key.keyId) return target !== null;
    throw new CustodyError('REFUSED', `${parameters.AliasName} in ${region} belongs to another key`, {
      details: { target },
    });
  }
  if (operation === 'EnableKeyRotation') {
    const status = await reader.rotationStatus(region, key.keyId);
    return status?.enabled === true && status.periodDays === parameters.RotationPeriodInDays;
  }
  if (operation === 'ReplicateKey') {
    return (await reader.describe(String(parameters.ReplicaRegion), key.keyId))?.state === 'Enabled';
  }
  throw new CustodyError('BUG', `${operation} is not a step of a creation`);
}

/** Reads back what counts, the policies' content included: no condition of KMS could look at it. */
async function createdState(run: Run, key: Created): Promise<JsonObject> {
  const { region, calls } = run.request;
  const policies: Record<string, string> = {};
  for (const { where, policy } of calls.flatMap(policySet)) {
    const live = await run.reader.policy(where, key.keyId);
    if (live === null || digestOfPolicy(live) !== digestOfPolicy(policy)) {
      throw new CustodyError('POST_STATE_UNEXPECTED', `the key policy in ${where} is not the one that was signed`);
    }
    policies[where] = digestOfPolicy(live);
  }
  const description = await run.reader.describe(region, key.keyId);
  return { arn: key.text, state: description?.state ?? null, aliasTarget: key.keyId, policies };
}

/** The policy that a call sets, and the Region where it then counts. */
function policySet({ region, parameters }: SignedCall): readonly { readonly where: string; readonly policy: string }[] {
  const { Policy: policy, ReplicaRegion: replica } = parameters;
  return typeof policy === 'string' ? [{ where: typeof replica === 'string' ? replica : region, policy }] : [];
}

/** @throws CustodyError POST_STATE_UNEXPECTED for an answer without a key */
function createdId({ KeyMetadata: metadata }: JsonObject): string {
  if (isObject(metadata) && typeof metadata.KeyId === 'string') return metadata.KeyId;
  throw new CustodyError('POST_STATE_UNEXPECTED', 'CreateKey answered without the id of a key');
}

function digestOfPolicy(text: string): string {
  return digestOfJson(JSON.parse(text) as JsonValue);
}
