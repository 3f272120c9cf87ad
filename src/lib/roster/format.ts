import { type Digest, digestOf } from '../base/bytes.js';
import { formatCanonical, type JsonValue, parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { fault, integer, list, nullable, object, oneOf, type Reader, readFields, text, where } from '../base/fields.js';
import { digest, instant } from '../base/readers.js';
import { DUTIES, ID_PATTERN, isCustodianId, type KeyHome, type Roster, type RosterKey } from './roster.js';
import { assertRoster } from './rules.js';

const ROLE_ARN = /^arn:(aws|aws-cn|aws-us-gov):iam::\d{12}:role\/(?:[\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/;
const KMS_ARN = /^arn:[a-z-]{3,16}:kms:[a-z0-9-]{1,32}:\d{12}:key\/[0-9a-z-]{1,64}$/;

const identifier = where(isCustodianId, `an id like ${ID_PATTERN.source}`);
const roleArn = text({ max: 600, pattern: ROLE_ARN, expected: 'the ARN of an IAM role' });

const kmsHome = object({
  type: oneOf(['kms']),
  arn: text({ max: 200, pattern: KMS_ARN, expected: 'the ARN of a KMS key' }),
});
const localHome = object({ type: oneOf(['local']) });

const home: Reader<KeyHome> = (value, path, faults) => {
  const kind = (value as { type?: unknown } | null)?.type;
  if (kind === 'kms') return kmsHome(value, path, faults);
  return kind === 'local' ? localHome(value, path, faults) : fault(faults, `${path}.type`, 'one of kms, local', kind);
};

/** One key as rosters and their drafts hold it. */
export const rosterKey: Reader<RosterKey> = object({
  keyId: digest,
  algorithm: text({ max: 40 }),
  publicKey: text({ max: 1000 }),
  home,
});

const keys = list(rosterKey, { min: 1, max: 4 });

const roster: Reader<Roster> = object({
  schema: where((value): value is 1 => value === 1, '1'),
  repository: text({ max: 16, pattern: /^[0-9a-f]{16}$/, expected: '16 hex characters' }),
  version: integer(1, 1_000_000),
  previous: nullable(digest),
  threshold: integer(0, 100),
  custodians: list(object({ id: identifier, name: text({ max: 100 }), duty: oneOf(DUTIES), roleArn, keys }), {
    min: 1,
    max: 15,
  }),
  automation: list(object({ id: identifier, owner: identifier, roleArn, keys }), { max: 15 }),
  executorRoleArn: roleArn,
  createdAt: instant,
});

/**
 * Reads `roster/<n>.json`: canonical JSON, exact shape, every rule of `assertRoster`.
 * @throws CustodyError ROSTER_INVALID
 */
export function parseRoster(bytes: Uint8Array, what = 'roster'): Roster {
  return parseRosterDocument(parseCanonical(bytes, what, undefined, 'ROSTER_INVALID'), what);
}

/** The same for a roster inside other JSON, as a request for `roster.update` holds it. */
export function parseRosterDocument(value: unknown, what: string): Roster {
  return assertRoster(readFields(roster, value, what, 'ROSTER_INVALID'));
}

/** The inverse of `parseRoster`. */
export function formatRoster(value: Roster): Uint8Array {
  return Buffer.from(formatCanonical(value as unknown as JsonValue), 'utf8');
}

/** The digest by which requests and the next roster name this one; computed once a roster. */
export function rosterDigest(value: Roster): Digest {
  const known = digests.get(value);
  if (known) return known;
  const digest = digestOf(formatRoster(value));
  digests.set(value, digest);
  return digest;
}

const digests = new WeakMap<Roster, Digest>();

/** @throws CustodyError ROSTER_INVALID unless `next` directly follows `previous` (T24). */
export function assertFollows(next: Roster, previous: Roster): void {
  const ok =
    next.version === previous.version + 1 &&
    next.previous === rosterDigest(previous) &&
    next.repository === previous.repository;
  if (ok) return;
  throw new CustodyError('ROSTER_INVALID', `roster ${next.version} does not follow roster ${previous.version}`, {
    details: { version: next.version, previous: next.previous, expected: rosterDigest(previous) },
  });
}
