import { type Digest, digestOf } from '../base/bytes.js';
import { formatCanonical, type JsonObject } from '../base/canonical-json.js';
import { isObject, nullable, object, optional, type Reader, text } from '../base/fields.js';
import type { Instant } from '../base/time.js';
import {
  type BucketPlace,
  isTrailChange,
  KMS_EVENTS,
  ledgerChangeIn,
  type Watched,
  watchedIn,
} from '../inspect/reconcile/change.js';
import type { LedgerEntry, LedgerEvent } from '../ledger/entry.js';
import { eventOf, type TrailEvent } from '../trail/event.js';
import type { RawRecord } from '../trail/records.js';

/**
 * One event of CloudTrail as an entry of the ledger. What cannot be taken out again must not hold what may have to be:
 * values of encryption contexts name customers, addresses name people. So an entry has the names of a context's pairs, no
 * parameters, no address, no user agent, and the digest of the whole record, by which the record itself, kept where it can
 * expire, is proven. That digest gives nothing away: a record holds a request id, which no entry has and nobody guesses.
 */

/** What proves that an event is CloudTrail's: a signed digest, AWS's own answer, or nothing. */
export type Evidence = 'digest' | 'history' | 'none';

export interface WantedEvent {
  readonly id: string;
  readonly at: Instant;
  readonly entry: LedgerEvent;
  /** The entry has at most as many bytes. */
  readonly weight: number;
}

/** `ignored`: about no key of the plan, no trail and no bucket of the ledger. */
export type Taken = WantedEvent | 'ignored' | { readonly why: string };

const plain = (max: number, pattern: RegExp, expected: string) => text({ max, pattern, expected });
const shown = (max: number) =>
  plain(max, /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u, `text of 1 to ${max} characters that show`);
const maybe = (read: Reader<string>) => optional(nullable(read));
/** Names in them are ASCII, without quotes. */
const ARN = /^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(?:\d{12}|aws)?:[!#-[\]-~]+$/;
const arn = plain(2048, ARN, 'an ARN');

/** The members that an entry repeats: a wrong type is a record that was tampered with, not one without the member. */
const MEMBERS: Reader<object> = object({
  eventID: plain(128, /^[A-Za-z0-9-]+$/, 'an event id'),
  eventSource: plain(128, /^[a-z0-9.-]+$/, 'a service like kms.amazonaws.com'),
  eventName: plain(128, /^[A-Za-z0-9]+$/, 'the name of an operation'),
  awsRegion: plain(32, /^[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}$/, 'a Region'),
  recipientAccountId: maybe(plain(12, /^\d{12}$/, 'an account')),
  errorCode: maybe(plain(128, /^[A-Za-z0-9.:_-]+$/, 'the name of an error')),
  sharedEventID: maybe(plain(128, /^[A-Za-z0-9-]+$/, 'an event id')),
});
const IDENTITY: Reader<object> = object({ arn: maybe(arn), invokedBy: maybe(shown(256)) });
const SESSION: Reader<object> = object({ sourceIdentity: maybe(shown(64)) });
const ISSUER: Reader<object> = object({ arn: maybe(arn) });
const MOST_NAMES = 32;

/**
 * What becomes of one record. Never throws for what it holds.
 * @param by the id of who takes it in
 */
export function takeRecord(
  { record, canonical }: Pick<RawRecord, 'record' | 'canonical'>,
  watched: Watched,
  evidence: Evidence,
  by: string,
): Taken {
  const event = eventOf(record);
  if (event === null) return { why: 'no record of CloudTrail' };
  const key = event.source === KMS_EVENTS ? watchedIn(event, watched) : null;
  const place = ledgerChangeIn(event, watched);
  const isTrails = event.account === watched.account && isTrailChange(event);
  if (key === null && place === null && !isTrails) return 'ignored';
  const why = faultIn(record);
  if (why !== null) return { why };
  const eventDigest = digestOf(canonical ?? formatCanonical(record));
  const facts = { ...factsOf(event, key, eventDigest, evidence), ...(place === null ? {} : placeFacts(place)) };
  return { id: event.id, at: event.at, entry: entryOf(event.at, by, facts), weight: weightOf(facts) };
}

/** What an entry has names for, in their order: then it is written as it stands once it has its place. */
function entryOf(at: Instant, by: string, facts: JsonObject): LedgerEvent {
  const entry: LedgerEntry = {
    at,
    by,
    facts,
    kind: 'usage',
    previous: null,
    record: null,
    requestId: null,
    schema: 1,
    sequence: 0,
  };
  return entry;
}

/** Names, digests and what an entry has beside its facts. */
const FRAME_BYTES = 1024;
/** Of UTF-8 a code unit takes three; characters that JSON would escape with more are in no fact. */
const UNIT_BYTES = 3;

function weightOf(facts: JsonObject): number {
  let units = 0;
  for (const value of Object.values(facts)) {
    if (typeof value === 'string') units += value.length;
    else if (Array.isArray(value)) for (const item of value) units += String(item).length + 1;
  }
  return FRAME_BYTES + UNIT_BYTES * units;
}

function faultIn(record: JsonObject): string | null {
  const identity = isObject(record.userIdentity) ? record.userIdentity : {};
  const session = isObject(identity.sessionContext) ? identity.sessionContext : {};
  const issuer = isObject(session.sessionIssuer) ? session.sessionIssuer : {};
  const parts: readonly (readonly [Reader<object>, readonly string[], Record<string, unknown>, string])[] = [
    [MEMBERS, MEMBER_NAMES, record, ''],
    [IDENTITY, ['arn', 'invokedBy'], identity, 'userIdentity.'],
    [SESSION, ['sourceIdentity'], session, 'sessionContext.'],
    [ISSUER, ['arn'], issuer, 'sessionIssuer.'],
  ];
  for (const [read, names, value, prefix] of parts) {
    const given: Record<string, unknown> = {};
    for (const name of names) if (Object.hasOwn(value, name)) given[name] = value[name];
    const faults: Parameters<typeof read>[2] = [];
    read(given, '', faults);
    const [first] = faults;
    if (first) return `${prefix}${first.path}: expected ${first.expected}, found ${first.found}`;
  }
  return null;
}

const MEMBER_NAMES = [
  'eventID',
  'eventSource',
  'eventName',
  'awsRegion',
  'recipientAccountId',
  'errorCode',
  'sharedEventID',
];

/** What lies in a ledger has names of digits and digests; any other name may be text of whoever tried to write it. */
const OBJECT_SHOWN = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,299}$/;

function placeFacts({ bucket, object }: BucketPlace): JsonObject {
  return { bucket, object: object !== null && OBJECT_SHOWN.test(object) ? object : null };
}

/** In the order of names: then an entry is written without being put in order first. */
function factsOf(event: TrailEvent, key: string | null, eventDigest: Digest, evidence: Evidence): JsonObject {
  const { encryptionContext: context } = event.parameters;
  const names = isObject(context) ? Object.keys(context).sort() : [];
  const keyArn = event.resources.find((one) => one.includes(':key/') && one.length <= 2048 && ARN.test(one));
  return {
    contextNames: names.length <= MOST_NAMES && names.every((name) => /^[\x20-\x7e]{1,128}$/.test(name)) ? names : null,
    errorCode: event.errorCode,
    eventDigest,
    eventId: event.id,
    eventName: event.name,
    eventSource: event.source,
    evidence,
    invokedBy: event.invokedBy,
    key,
    keyArn: keyArn ?? null,
    principalArn: event.principalArn,
    region: event.region,
    sharedEventId: event.sharedId,
    sourceIdentity: event.sourceIdentity,
  };
}
