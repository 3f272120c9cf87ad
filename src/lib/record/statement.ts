import type { ActionClass } from '../base/action-class.js';
import { ACTION_CLASSES } from '../base/action-class.js';
import { type Digest, digestOf } from '../base/bytes.js';
import { formatCanonical, type JsonObject, type JsonValue, parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import {
  anyObject,
  integer,
  isObject,
  list,
  nullable,
  object,
  oneOf,
  optional,
  type Reader,
  readFields,
  text,
} from '../base/fields.js';
import { formatInToto, readInToto, type Subject } from '../base/in-toto.js';
import { accountId, commitId, digest, instant, repositoryId, toolIdentity } from '../base/readers.js';
import { ID_PATTERN } from '../roster/roster.js';
import { ACTION_NAMES } from './action-names.js';

/**
 * What records say: in-toto Statements v1 (github.com/in-toto/attestation, spec/v1/statement.md), one predicate type a
 * kind and version. The type is looked at first, so that a signature over one kind can never pass for another (T64).
 */

export const RECORD_KINDS = [
  'genesis',
  'ceremony',
  'request',
  'approval',
  'rejection',
  'withdrawal',
  'intent',
  'receipt',
  'heartbeat',
] as const;

export type RecordKind = (typeof RECORD_KINDS)[number];

export function predicateTypeOf(kind: RecordKind): string {
  return `urn:custody:record:${kind}:v1`;
}

const KIND_BY_TYPE = new Map(RECORD_KINDS.map((kind) => [predicateTypeOf(kind), kind]));

const id = text({ max: 31, pattern: ID_PATTERN, expected: `an id like ${ID_PATTERN.source}` });
const hex32 = text({ max: 32, pattern: /^[0-9a-f]{32}$/, expected: '32 hex characters' });
const freeText = text({ min: 0, max: 1000 });
const numbered = object({ version: integer(1, 1_000_000), digest });
const digests = list(digest, { max: 200 });

/** The signer's heartbeat: the head it saw and until when that may count as fresh (T16, T31, T32). */
const seen = object({ head: nullable(commitId), expiresAt: instant });

/** One call that a quorum authorises, in full; `custody` stands for changes of plan and roster. */
const call = object({
  service: oneOf(['kms', 'custody']),
  // Changes of plan and roster happen in no Region.
  region: text({ min: 0, max: 32 }),
  operation: text({ max: 64 }),
  parameters: anyObject,
});

const keyRef = object({
  name: id,
  alias: text({ max: 256 }),
  arn: nullable(text({ max: 200 })),
  keyId: nullable(text({ max: 64 })),
});

/** An approval slot at AWS: `<class>/<Region>/<key id>/<64 hex>/<executor>`. */
const SLOT = /^[a-z-]{3,20}\/[a-z0-9-]{3,32}\/[a-z0-9-]{36}\/[0-9a-f]{64}\/[a-z][a-z0-9-]{1,30}$/;
const slot = text({ max: 256, pattern: SLOT, expected: 'an approval slot' });

/** What every record says but genesis, which nobody signs alone. */
const signed = { tool: toolIdentity, repository: repositoryId, by: id, at: instant, seen };

const readers = {
  genesis: object({
    tool: toolIdentity,
    repository: repositoryId,
    plan: numbered,
    roster: numbered,
    environment: oneOf(['aws', 'sandbox']),
    partition: text({ max: 20 }),
    account: accountId,
    at: instant,
  }),
  ceremony: object({
    ...signed,
    genesis: digest,
    participants: list(id, { min: 1, max: 30 }),
    witness: nullable(text({ max: 100 })),
    roles: list(object({ arn: text({ max: 600 }), id: nullable(text({ max: 64 })) }), { max: 40 }),
    keys: list(object({ arn: text({ max: 200 }), policyDigest: nullable(digest) }), { max: 80 }),
  }),
  request: object({
    ...signed,
    plan: numbered,
    roster: numbered,
    partition: text({ max: 20 }),
    account: accountId,
    endpoint: oneOf(['aws', 'sandbox']),
    region: text({ max: 32 }),
    action: oneOf(ACTION_NAMES),
    class: oneOf(ACTION_CLASSES) as Reader<ActionClass>,
    key: nullable(keyRef),
    parameters: anyObject,
    calls: list(call, { min: 1, max: 12 }),
    preState: anyObject,
    nonce: hex32,
    executor: nullable(id),
    reason: freeText,
    approveBy: instant,
    executeWithinSeconds: integer(60, 7 * 86_400),
  }),
  approval: object({
    ...signed,
    request: digest,
    nonce: hex32,
    slot: optional(slot),
  }),
  rejection: object({
    ...signed,
    request: digest,
    reason: freeText,
  }),
  withdrawal: object({
    ...signed,
    request: digest,
    reason: freeText,
    withdraws: digest,
  }),
  intent: object({
    ...signed,
    request: digest,
    approvals: digests,
    rejections: digests,
    withdrawals: digests,
    preStateDigest: digest,
  }),
  receipt: object({
    ...signed,
    request: digest,
    intent: digest,
    outcome: oneOf(['executed', 'failed']),
    startedAt: instant,
    finishedAt: instant,
    awsRequestIds: list(text({ max: 128 }), { max: 40 }),
    preStateDigest: digest,
    postStateDigest: nullable(digest),
    enforcement: object({ level: oneOf(['enforced', 'advisory']), because: text({ max: 400 }) }),
    key: nullable(keyRef),
    error: nullable(object({ code: text({ max: 100 }), message: text({ min: 0, max: 1000 }) })),
  }),
  heartbeat: object(signed),
} as const;

type Predicates = { readonly [K in RecordKind]: (typeof readers)[K] extends Reader<infer T> ? T : never };
export type Predicate<K extends RecordKind> = Predicates[K];
export type RequestPredicate = Predicates['request'];
export type SignedCall = RequestPredicate['calls'][number];
export type KeyRef = NonNullable<RequestPredicate['key']>;
export type Seen = RequestPredicate['seen'];
export type ReceiptPredicate = Predicates['receipt'];

/** A statement of one kind; `subjects` are what `cosign --bundle` is given as the artifact. */
export type Statement<K extends RecordKind = RecordKind> = K extends RecordKind
  ? { readonly kind: K; readonly subjects: readonly Subject[]; readonly predicate: Predicates[K] }
  : never;

/** The DSSE payload: the statement's RFC 8785 form. */
export function formatStatement({ kind, subjects, predicate }: Statement): Uint8Array {
  return formatInToto({
    subjects,
    predicateType: predicateTypeOf(kind),
    predicate: predicate as unknown as JsonObject,
  });
}

/**
 * Reads a DSSE payload. The predicate type decides how the rest is read.
 * @throws CustodyError RECORD_MALFORMED
 */
export function parseStatement(payload: Uint8Array, what = 'record'): Statement {
  const value = parseCanonical(payload, what);
  const kind =
    isObject(value) && typeof value.predicateType === 'string' ? KIND_BY_TYPE.get(value.predicateType) : undefined;
  if (kind === undefined) throw new CustodyError('RECORD_MALFORMED', `${what}: not a predicate type of custody`);
  const { subjects, predicate: said } = readInToto(value, what);
  const read = readers[kind] as Reader<Predicates[RecordKind]>;
  return { kind, subjects, predicate: readFields(read, said, what, 'RECORD_MALFORMED') } as Statement;
}

/** Digest of any JSON in its RFC 8785 form: of calls, of pre- and post-states. */
export function digestOfJson(value: JsonValue): Digest {
  return digestOf(formatCanonical(value));
}
