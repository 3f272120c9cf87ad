import { isObject } from '../../base/fields.js';
import { secondsBetween } from '../../base/time.js';
import { MUTATING_OPERATIONS } from '../../policy/synthesize.js';
import { REPOSITORY_TAG } from '../../record/action-create.js';
import type { TrailEvent } from '../../trail/event.js';

/** Which events change keys of a plan. */

export const KMS_EVENTS = 'kms.amazonaws.com';
export const IAM_EVENTS = 'iam.amazonaws.com';
const S3_EVENTS = 's3.amazonaws.com';

/** What is looked up by name. Prepares an import and changes nothing itself, but receipts name it: GetParametersForImport. */
export const KMS_NAMES: readonly string[] = [...MUTATING_OPERATIONS, 'CreateKey'];
export const SLOT_NAMES: readonly string[] = ['TagRole', 'UntagRole'];
/** Calls that end a trail, or make it leave events out: what files show afterwards is not everything. */
const TRAIL_CHANGES = new Set(['StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors']);

const CHANGING = new Set(KMS_NAMES.filter((name) => name !== 'GetParametersForImport'));

/** The keys that are watched. */
export interface Watched {
  readonly account: string;
  readonly repository: string;
  /** Names by key id: a multi-Region key has one id in every Region. */
  readonly keys: ReadonlyMap<string, string>;
  readonly aliases: ReadonlySet<string>;
  /** Buckets of the audit ledger: its own and its copy's. */
  readonly buckets: ReadonlySet<string>;
}

/**
 * An operation that is not known and does not say that it only reads counts as a change: AWS adds some. What KMS does by
 * itself because time has come (automatic rotation, the end of a key) is nobody's call.
 */
export function isKeyChange(event: TrailEvent): boolean {
  const { source, name, readOnly, principalArn, invokedBy } = event;
  if (source !== KMS_EVENTS || (principalArn === null && invokedBy === 'AWS Internal')) return false;
  return CHANGING.has(name) || (!readOnly && name !== 'GetParametersForImport');
}

/** Whether an event may matter, so that the others of a large file can be let go. */
export function isOfInterest(event: TrailEvent): boolean {
  if (event.source === IAM_EVENTS) return SLOT_NAMES.includes(event.name);
  return isKeyChange(event) || event.name === 'GetParametersForImport' || isTrailChange(event);
}

export function isTrailChange({ source, name, errorCode }: TrailEvent): boolean {
  return source === 'cloudtrail.amazonaws.com' && TRAIL_CHANGES.has(name) && errorCode === null;
}

/** Where in S3 an event was at work; `object` is null for what is about the bucket. */
export interface BucketPlace {
  readonly bucket: string;
  readonly object: string | null;
}

const S3_ARN = /^arn:[a-z-]+:s3:::([a-z0-9.-]{3,63})(?:\/(.+))?$/su;

/**
 * The place in the audit ledger's buckets that an event has changed, or tried to change; null for any other event. What was
 * refused counts as what was done. Appends do not count, or each run would have the writes of the one before to tell of: a
 * PutObject is one unless S3 denied it, and a second version of an object is for `ledger verify` to see.
 */
export function ledgerChangeIn(event: TrailEvent, { account, buckets }: Watched): BucketPlace | null {
  const { source, name, readOnly, errorCode, parameters } = event;
  if (source !== S3_EVENTS || event.account !== account || readOnly) return null;
  if (name === 'PutObject' && errorCode !== 'AccessDenied') return null;
  const named = event.resources.map((arn) => S3_ARN.exec(arn)).find((found) => buckets.has(found?.[1] ?? ''));
  const bucket = named?.[1] ?? parameters.bucketName;
  if (typeof bucket !== 'string' || !buckets.has(bucket)) return null;
  const object = typeof parameters.key === 'string' ? parameters.key : named?.[2];
  return { bucket, object: object ?? null };
}

const KEY_ARN = /^arn:[a-z-]+:kms:[a-z0-9-]*:\d{12}:key\/(.+)$/;

/** The id in an ARN or id of a key. */
export function idOfKey(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? (KEY_ARN.exec(value)?.[1] ?? value) : null;
}

/** Ids of every key that the event names. */
export function keyIdsIn({ resources, parameters, answer }: TrailEvent): ReadonlySet<string> {
  const made = isObject(answer.keyMetadata) ? answer.keyMetadata.keyId : null;
  const named = [parameters.keyId, parameters.targetKeyId, answer.keyId, made].map(idOfKey);
  const ofArns = resources.map((arn) => KEY_ARN.exec(arn)?.[1] ?? null);
  return new Set([...named, ...ofArns].filter((id) => id !== null));
}

/** The tags that a call gives, by name. */
export function tagsIn({ parameters }: TrailEvent): ReadonlyMap<string, string> {
  const { tags } = parameters;
  const pairs = (Array.isArray(tags) ? tags : []).map((tag): [string, string] =>
    isObject(tag) ? [String(tag.tagKey ?? tag.key), String(tag.tagValue ?? tag.value)] : ['', ''],
  );
  return new Map(pairs);
}

/** The name of the watched key that the event is about; null for one that is about none. */
export function watchedIn(event: TrailEvent, { account, repository, keys, aliases }: Watched): string | null {
  if (event.account !== account) return null;
  for (const id of keyIdsIn(event)) {
    const name = keys.get(id);
    if (name !== undefined) return name;
  }
  const { aliasName, keyId } = event.parameters;
  const alias = [aliasName, keyId].find((one) => typeof one === 'string' && aliases.has(one));
  if (typeof alias === 'string') return alias;
  // A key that says it is this repository's, and that no request has made.
  return event.name === 'CreateKey' && tagsIn(event).get(REPOSITORY_TAG) === repository ? 'a new key' : null;
}

/** KMS makes the second call of a replica or promotion in the other Region itself; the first one is judged. */
const ECHO_OF: Readonly<Record<string, readonly [first: string, region: string]>> = {
  CreateKey: ['ReplicateKey', 'replicaRegion'],
  UpdatePrimaryRegion: ['UpdatePrimaryRegion', 'primaryRegion'],
};
const ECHO_SECONDS = 300;

/** Without the events that KMS left in a second Region for a call that is there in its first. */
export function withoutEchoes(events: readonly TrailEvent[]): readonly TrailEvent[] {
  const firsts = events.filter(({ invokedBy }) => invokedBy !== KMS_EVENTS);
  return events.filter((event) => {
    const [name, region] = (event.invokedBy === KMS_EVENTS && ECHO_OF[event.name]) || [];
    if (name === undefined || region === undefined) return true;
    const ids = keyIdsIn(event);
    return !firsts.some(
      (first) =>
        first.name === name &&
        first.parameters[region] === event.region &&
        Math.abs(secondsBetween(first.at, event.at)) <= ECHO_SECONDS &&
        [...keyIdsIn(first)].some((id) => ids.has(id)),
    );
  });
}
