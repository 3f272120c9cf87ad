import { type JsonObject, type JsonValue, sameJson } from '../base/canonical-json.js';
import { CustodyError, nullIfDenied } from '../base/errors.js';
import { addSeconds } from '../base/time.js';
import type { KeyDescription } from '../key/key.js';
import { CLOCK_TOLERANCE_SECONDS } from '../quorum/evidence.js';
import type { SignedCall } from '../record/statement.js';
import { samePolicy } from './read-back.js';
import type { Run } from './run.js';
import { pairsOf } from './shows.js';

/** A key, or a replica, that stands where a call of this request would have put it. */
export interface Standing {
  readonly region: string;
  readonly keyId: string;
}

/**
 * In what a key that carries this request's tag is not as its CreateKey or ReplicateKey asks; empty for one that this request
 * may have made. The tag is no secret: whoever may make keys can plant one that has it, with a grant in it that no later
 * policy takes back, or with material that he knows, and wait for the run to be taken up (T49).
 * @throws CustodyError UNAVAILABLE while KMS is still making it · what reading throws beside DENIED
 */
export async function notAsAsked(run: Run, call: SignedCall, at: Standing): Promise<readonly string[]> {
  const { reader } = run;
  const { region, keyId } = at;
  const { parameters } = call;
  const found = await reader.describe(region, keyId).catch(nullIfDenied);
  if (found === null) return ['it may not be looked at'];
  if (found.state === 'Creating') throw new CustodyError('UNAVAILABLE', `KMS is still making ${found.arn}`);
  const tags = await reader.tags(region, keyId).catch(nullIfDenied);
  const policy = await reader.policy(region, keyId).catch(nullIfDenied);
  return [
    ...('ReplicaRegion' in parameters ? unlikeReplica(parameters, found) : unlikeKey(run, parameters, found)),
    ...(hasTags(tags, parameters.Tags) ? [] : ['its tags']),
    ...(policy !== null && samePolicy(policy, String(parameters.Policy)) ? [] : ['its key policy']),
    ...madeBefore(run, found),
    ...(parameters.Origin === 'EXTERNAL' ? await filled(run, at) : []),
    ...(await givenAway(run, at)),
  ];
}

/** A grant lets its grantee in whatever the policy says, and no request that makes a key asks for one. */
async function givenAway({ reader }: Run, { region, keyId }: Standing): Promise<readonly string[]> {
  const grants = await reader.grants(region, keyId).catch(nullIfDenied);
  if (grants === null) return ['its grants, which may not be read'];
  return grants.map(({ id, grantee }) => `the grant ${id} to ${grantee}`);
}

/** Says what is not as it was signed, and what to do. */
export function foreign({ region, keyId }: Standing, odd: readonly string[], next: string): CustodyError {
  const lookUp = `aws cloudtrail lookup-events --region ${region} --lookup-attributes AttributeKey=ResourceName,AttributeValue=${keyId}`;
  return new CustodyError(
    'FOREIGN_KEY',
    `${keyId} in ${region} has the tag of this request and is not what was signed: ${odd.join('; ')}`,
    {
      details: { region, keyId, odd: [...odd] },
      suggestions: [`Do not use that key. Who made and changed it, CloudTrail says: ${lookUp}`, next],
    },
  );
}

function unlikeKey({ request }: Run, wanted: JsonObject, found: KeyDescription): readonly string[] {
  const { multiRegion } = found;
  const planned = request.calls.map(({ parameters }) => parameters.ReplicaRegion);
  const stray = multiRegion?.replicaRegions.filter((region) => !planned.includes(region)) ?? [];
  return [
    ...unlike('spec', wanted.KeySpec, found.spec),
    ...unlike('usage', wanted.KeyUsage, found.usage),
    ...unlike('origin', wanted.Origin, found.origin),
    ...unlike('description', wanted.Description, found.description),
    ...unlike('state', wanted.Origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled', found.state),
    ...unlike('primary Region', wanted.MultiRegion === true ? found.region : null, multiRegion?.primaryRegion ?? null),
    // The same material under a policy that nobody signed.
    ...stray.map((region) => `its replica in ${region}`),
  ];
}

function unlikeReplica(wanted: JsonObject, { description, multiRegion }: KeyDescription): readonly string[] {
  return [
    ...unlike('description', wanted.Description, description),
    ...unlike('kind', 'REPLICA', multiRegion?.type ?? null),
  ];
}

function unlike(name: string, wanted: JsonValue | undefined, found: JsonValue): readonly string[] {
  return wanted === found ? [] : [`its ${name} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted ?? null)}`];
}

/** The request's nonce is in the repository from its opening on; only the intent says that AWS is called. */
function madeBefore({ intentAt }: Run, { createdAt }: KeyDescription): readonly string[] {
  return createdAt < addSeconds(intentAt, -CLOCK_TOLERANCE_SECONDS)
    ? [`it was made at ${createdAt}, and the execution began at ${intentAt}`]
    : [];
}

/** Material comes by a request of its own; KMS takes back none but what was once there. */
async function filled({ reader }: Run, { region, keyId }: Standing): Promise<readonly string[]> {
  const materials = await reader.materials(region, keyId).catch(nullIfDenied);
  return materials?.length === 0 ? [] : ['its material'];
}

function hasTags(found: Readonly<Record<string, string>> | null, wanted: JsonValue | undefined): boolean {
  const pairs = pairsOf(wanted).map(({ TagKey, TagValue }) => [String(TagKey), TagValue ?? null] as const);
  return found !== null && sameJson(found, Object.fromEntries(pairs));
}
