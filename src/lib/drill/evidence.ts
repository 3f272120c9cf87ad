import { type JsonObject, parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import {
  boolean,
  integer,
  list,
  nullable,
  object,
  oneOf,
  optional,
  type Reader,
  readFields,
  text,
  where,
} from '../base/fields.js';
import { formatInToto, isOfType, readInToto, soleSubject } from '../base/in-toto.js';
import { accountId, commitId, digest, instant, repositoryId, toolIdentity } from '../base/readers.js';
import { isKeyArn } from '../key/key.js';
import { challengeIdOf } from './challenge.js';
import { DRILLS, isDrillId } from './drills.js';
import { quarterOf } from './quarter.js';
import { judgeDrill } from './verdict.js';

/** What signs a drill: an in-toto Statement v1 with a predicate type of its own, looked at first (T64). */
export const DRILL_TYPE = 'urn:custody:drill:v1';
const LIMITS = { maxBytes: 768 * 1024, maxDepth: 8 };
export const MAX_DETAIL = 600;
const DAY_MILLIS = 86_400_000;

const keyName = text({ max: 31, pattern: /^[a-z][a-z0-9-]{1,30}$/, expected: "a key's name" });
const millis = integer(0, 30 * DAY_MILLIS);
const seconds = nullable(integer(0, 400 * 86_400));
const challengeId = text({ max: 12, pattern: /^c-[a-z2-7]{10}$/, expected: 'the id of a challenge' });
const base64 = text({ max: 8192, pattern: /^[A-Za-z0-9+/]+={0,2}$/, expected: 'base64' });
const hex = text({ max: 64, pattern: /^[0-9a-f]{64}$/, expected: '64 hex characters' });
const material = nullable(hex);
const arn = where(isKeyArn, 'the ARN of a key');
const drill = where(isDrillId, 'the name of a drill');

/** A value that nobody knows any more: only its ciphertext and the digest of its 32 random bytes. */
const canary = object({ key: keyName, arn, ciphertext: base64, digest, materialId: material, madeAt: instant });

/** A key that a drill made and is rid of. */
const scratch = object({
  arn,
  of: nullable(keyName),
  deletionAt: nullable(instant),
  requestId: nullable(text({ max: 128 })),
});

const check = object({
  id: text({ max: 100, pattern: /^[a-z][a-z0-9./-]*$/, expected: 'an id of lower-case letters, digits and ./-' }),
  drill,
  key: nullable(keyName),
  status: oneOf(['pass', 'fail', 'skip', 'none']),
  provesData: boolean,
  millis,
  detail: text({ max: MAX_DETAIL }),
});

const predicate = object({
  tool: toolIdentity,
  repository: repositoryId,
  account: accountId,
  quarter: text({ max: 7, pattern: /^\d{4}-q[1-4]$/, expected: 'a quarter like 2026-q4' }),
  number: integer(1, 9999),
  /** SHA-256 of the evidence file before this one; null for the first drill. */
  previous: nullable(digest),
  startedAt: instant,
  finishedAt: instant,
  verdict: oneOf(['verified', 'not-verified']),
  planVersion: integer(1, 1_000_000),
  planDigest: digest,
  rosterVersion: integer(1, 1_000_000),
  rosterDigest: digest,
  /** Names of the plan's keys. */
  keys: list(keyName, { max: 600 }),
  backup: nullable(object({ sequence: integer(1, 999_999_999), manifest: digest, createdAt: instant })),
  ledger: object({ entries: integer(0, 999_999_999), head: nullable(digest) }),
  /** The audit ledger that was found whole, with the root of its tree in hex; null or absent: there is none, or it was not. */
  auditLedger: optional(nullable(object({ entries: integer(1, 999_999_999), head: nullable(digest), root: hex }))),
  /** The challenge that custodians were to answer; null or absent: none was open, or nobody looked. */
  challenge: optional(nullable(object({ id: challengeId, digest, by: keyName, askedAt: instant }))),
  /** The commit that was looked at. */
  commit: commitId,
  recovery: object({
    timeMillis: millis,
    /** Null where nothing bounds it. */
    pointSeconds: seconds,
    timeObjectiveSeconds: integer(0, 30 * 86_400),
    pointObjectiveSeconds: integer(0, 30 * 86_400),
    steps: list(object({ id: drill, millis, critical: boolean }), { max: 20 }),
  }),
  checks: list(check, { min: 1, max: 5000 }),
  canaries: list(canary, { max: 1000 }),
  scratch: list(scratch, { max: 1000 }),
});

export type DrillPredicate = typeof predicate extends Reader<infer T> ? T : never;
export type Canary = typeof canary extends Reader<infer T> ? T : never;
export type ScratchReceipt = typeof scratch extends Reader<infer T> ? T : never;

/** Is this payload a drill's, by its predicate type? It says nothing about its signature or its shape. */
export function isDrillStatement(payload: Uint8Array): boolean {
  return isOfType(payload, DRILL_TYPE, LIMITS);
}

/**
 * The DSSE payload: the statement's RFC 8785 form. Its subject is the plan in force, which everyone with a clone has as a file.
 * @throws CustodyError BUG for one that `parseDrillStatement` would refuse
 */
export function formatDrillStatement(said: DrillPredicate): Uint8Array {
  const bytes = formatInToto({
    subjects: [{ name: subjectOf(said), digest: said.planDigest }],
    predicateType: DRILL_TYPE,
    predicate: said as unknown as JsonObject,
  });
  try {
    parseDrillStatement(bytes, 'the evidence');
  } catch (cause) {
    throw new CustodyError('BUG', 'evidence was made that nobody could read', { cause });
  }
  return bytes;
}

function subjectOf({ planVersion }: Pick<DrillPredicate, 'planVersion'>): string {
  return `plan/${planVersion}.json`;
}

/** @throws CustodyError RECORD_MALFORMED, also for a verdict that its own checks do not give (T45) */
export function parseDrillStatement(payload: Uint8Array, what: string): DrillPredicate {
  const outer = readInToto(parseCanonical(payload, what, LIMITS), what);
  if (outer.predicateType !== DRILL_TYPE)
    throw new CustodyError('RECORD_MALFORMED', `${what}: not the predicate type of drills`);
  const said = readFields(predicate, outer.predicate, what, 'RECORD_MALFORMED');
  const subject = soleSubject(outer, what);
  const faults = [
    ...(subject.name === subjectOf(said) && subject.digest === said.planDigest
      ? []
      : ['its subject is not the plan that it names']),
    ...(judgeDrill(said.checks, said.keys).verdict === said.verdict ? [] : ['its verdict is not what its checks give']),
    ...(said.finishedAt >= said.startedAt ? [] : ['it ends before it begins']),
    ...(quarterOf(said.startedAt) === said.quarter ? [] : ['it did not begin in its quarter']),
    ...(new Set(said.checks.map(({ id }) => id)).size === said.checks.length ? [] : ['a check is listed twice']),
    ...(new Set(said.keys).size === said.keys.length ? [] : ['a key is listed twice']),
    ...(said.challenge && challengeIdOf(said.challenge.digest) !== said.challenge.id
      ? ['the id of its challenge is not that of its digest']
      : []),
    ...(said.checks.every(({ id, drill: of }) => id === of || id.startsWith(`${of}.`))
      ? []
      : ['a check is of another drill']),
    ...(said.checks.every(
      ({ provesData, drill: of, status, key }) =>
        !provesData || (DRILLS[of].provesData && status === 'pass' && key !== null),
    )
      ? []
      : ['a check proves data that cannot']),
  ];
  if (faults.length > 0) throw new CustodyError('RECORD_MALFORMED', `${what}: ${faults.join('; ')}`);
  return said;
}
