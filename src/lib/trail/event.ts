import type { JsonObject } from '../base/canonical-json.js';
import { isObject } from '../base/fields.js';
import { type Instant, isInstant } from '../base/time.js';

/**
 * What custody reads of a CloudTrail record ("CloudTrail record contents"). Records are AWS's, grow new fields at any
 * time, and are evidence, not orders: what is not understood is left alone, and a record without the fields that every
 * record has is none.
 */
export interface TrailEvent {
  /** GUID of the event: the same one however often it is delivered. */
  readonly id: string;
  readonly at: Instant;
  /** `kms.amazonaws.com`. */
  readonly source: string;
  /** `PutKeyPolicy`. */
  readonly name: string;
  readonly region: string;
  readonly account: string;
  /** Null for a call that went through. */
  readonly errorCode: string | null;
  readonly readOnly: boolean;
  /** The role behind a session, or the ARN of any other identity; null for AWS services. */
  readonly principalArn: string | null;
  /** The session's name; null where there is no session. */
  readonly sessionName: string | null;
  readonly sourceIdentity: string | null;
  /** The service that called in somebody's name (`dynamodb.amazonaws.com`); null for a direct call. */
  readonly invokedBy: string | null;
  readonly requestId: string | null;
  /** The same for every account's copy of one event; null where there is only one. */
  readonly sharedId: string | null;
  /** ARNs of what the call was about. */
  readonly resources: readonly string[];
  readonly parameters: JsonObject;
  readonly answer: JsonObject;
}

/** One record as an event; null for what is no CloudTrail record. */
export function eventOf(record: unknown): TrailEvent | null {
  if (!isObject(record)) return null;
  const [id, time, source, name] = ['eventID', 'eventTime', 'eventSource', 'eventName'].map((key) =>
    textIn(record, key),
  );
  const at = time?.replace(/Z$/, '.000Z') ?? null;
  if (!id || !source || !name || at === null || !isInstant(at)) return null;
  const identity = objectIn(record, 'userIdentity');
  const arn = textIn(identity, 'arn');
  const issuer = textIn(objectIn(objectIn(identity, 'sessionContext'), 'sessionIssuer'), 'arn');
  return {
    id,
    at,
    source,
    name,
    region: textIn(record, 'awsRegion') ?? '',
    account: textIn(record, 'recipientAccountId') ?? textIn(identity, 'accountId') ?? '',
    errorCode: textIn(record, 'errorCode'),
    readOnly: record.readOnly === true || record.readOnly === 'true',
    principalArn: issuer ?? arn,
    sessionName: issuer !== null && arn !== null ? (arn.split('/').at(-1) ?? null) : null,
    sourceIdentity: textIn(objectIn(identity, 'sessionContext'), 'sourceIdentity'),
    invokedBy: textIn(identity, 'invokedBy'),
    requestId: textIn(record, 'requestID'),
    sharedId: textIn(record, 'sharedEventID'),
    resources: resourcesOf(record.resources),
    parameters: objectIn(record, 'requestParameters'),
    // The answers of STS hold session tokens (T46).
    answer: source === 'sts.amazonaws.com' ? {} : objectIn(record, 'responseElements'),
  };
}

function resourcesOf(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return [];
  return list.map((item) => (isObject(item) ? textIn(item, 'ARN') : null)).filter((arn) => arn !== null);
}

function objectIn(value: Readonly<Record<string, unknown>>, name: string): JsonObject {
  const found = Object.hasOwn(value, name) ? value[name] : undefined;
  return isObject(found) ? (found as JsonObject) : {};
}

function textIn(value: Readonly<Record<string, unknown>>, name: string): string | null {
  const found = Object.hasOwn(value, name) ? value[name] : undefined;
  return typeof found === 'string' && found !== '' ? found : null;
}
