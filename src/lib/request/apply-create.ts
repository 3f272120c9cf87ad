import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import { CustodyError, nullIfDenied } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { type KeyArn, keyArnOf } from '../key/key.js';
import { CREATED_KEY, REQUEST_TAG } from '../record/action-create.js';
import type { SignedCall } from '../record/statement.js';
import { foreign, notAsAsked } from './as-asked.js';
import { assertPolicies } from './read-back.js';
import { type Applied, answerMayBeLost, callOnce, type Run, SETTLE_SECONDS, settle, waitFor } from './run.js';
import { makeOnce } from './steps.js';

/** A fixed list of calls; a run that was cut off is taken up at the first one that AWS does not show. */
export async function applyCreate(run: Run): Promise<Applied> {
  const [create, ...others] = run.request.calls;
  if (!create) throw new CustodyError('BUG', 'a creation without its calls');
  const awsRequestIds: string[] = [];
  const arn = await createdKey(run, create, awsRequestIds);
  for (const call of others) {
    awsRequestIds.push(...(await makeOnce(run, withKey(call, arn.keyId), arn.keyId)));
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
    const found = await findByTag(run, create);
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
    return waitFor(run.clock, SETTLE_SECONDS, 'the key', () => findByTag(run, create)).catch((why: unknown) => {
      throw isForeign(why) ? why : cause;
    });
  }
}

/**
 * The key that carries this request's nonce in its tag: made by CreateKey itself, so there is no moment without it. Whoever may
 * make keys can tag one so, too: only one that is in everything as the request asks, and given to nobody, is taken over.
 * @throws CustodyError FOREIGN_KEY when none is, or more than one
 */
async function findByTag(run: Run, create: SignedCall): Promise<Created | null> {
  const { region, nonce } = run.request;
  const own: Created[] = [];
  const others: CustodyError[] = [];
  for (const keyId of await run.reader.keyIds(region)) {
    // Keys of others that this role may not look at cannot be the one: it would be ours.
    const tags = await run.reader.tags(region, keyId).catch(nullIfDenied);
    if (tags?.[REQUEST_TAG] !== nonce) continue;
    const odd = await notAsAsked(run, create, { region, keyId });
    if (odd.length === 0) own.push(created(run, region, keyId));
    else others.push(foreign({ region, keyId }, odd, ANOTHER));
  }
  const [one, more] = own;
  if (one && more) throw foreign({ region, keyId: more.keyId }, [`${one.keyId} has it, too`], ANOTHER);
  if (one === undefined && others[0]) throw others[0];
  for (const other of others) run.progress(`Left alone: ${other.message}`);
  return one ?? null;
}

const ANOTHER = 'Ask again: another request makes another key, under another tag.';

function isForeign(cause: unknown): boolean {
  return cause instanceof CustodyError && cause.code === 'FOREIGN_KEY';
}

function created({ request }: Run, region: string, keyId: string): Created {
  return { keyId, text: keyArnOf({ partition: request.partition, account: request.account, region, keyId }) };
}

function withKey(call: SignedCall, keyId: string): SignedCall {
  const replace = (value: JsonValue) => (value === CREATED_KEY ? keyId : value);
  const parameters = Object.fromEntries(Object.entries(call.parameters).map(([name, value]) => [name, replace(value)]));
  return { ...call, parameters };
}

async function createdState(run: Run, key: Created): Promise<JsonObject> {
  const policies = await assertPolicies(run, key.keyId);
  const description = await run.reader.describe(run.request.region, key.keyId);
  const named = run.request.calls.some(({ operation }) => operation === 'CreateAlias');
  return { arn: key.text, state: description?.state ?? null, ...(named ? { aliasTarget: key.keyId } : {}), policies };
}

/** @throws CustodyError POST_STATE_UNEXPECTED for an answer without a key */
function createdId({ KeyMetadata: metadata }: JsonObject): string {
  if (isObject(metadata) && typeof metadata.KeyId === 'string') return metadata.KeyId;
  throw new CustodyError('POST_STATE_UNEXPECTED', 'CreateKey answered without the id of a key');
}
