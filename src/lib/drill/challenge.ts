import { type Digest, digestHex, encodeBase32 } from '../base/bytes.js';
import { type JsonObject, parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { integer, nullable, object, type Reader, readFields, text } from '../base/fields.js';
import { formatInToto, isOfType, readInToto, soleSubject } from '../base/in-toto.js';
import { commitId, digest, instant, repositoryId, toolIdentity } from '../base/readers.js';
import { isLaterBy } from '../base/time.js';

/** What a challenge is: a predicate type of its own, looked at first, so that it passes for nothing else (T64). */
export const CHALLENGE_TYPE = 'urn:custody:drill-challenge:v1';
/** Where challenges lie. The names are part of the format (docs/drills.md). */
export const CHALLENGE_FOLDER = 'challenges';
const LIMITS = { maxBytes: 16 * 1024, maxDepth: 6 };
const PATH = /^challenges\/(c-[a-z2-7]{10})\.json$/;
/** The longest approval window of a plan; what stands here is shorter where the plan's is. */
const MOST_SECONDS = 30 * 86_400;

const predicate = object({
  tool: toolIdentity,
  repository: repositoryId,
  /** Who asks: a custodian or an automation identity. */
  by: text({ max: 31, pattern: /^[a-z][a-z0-9-]{1,30}$/, expected: 'the id of an identity' }),
  at: instant,
  /** The head that the asker saw. */
  head: commitId,
  /** Who is asked: the custodians of this roster. */
  rosterVersion: integer(1, 1_000_000),
  rosterDigest: digest,
  /** SHA-256 of the evidence of the drill before the one that it is for; null before the first. */
  after: nullable(digest),
  /** 32 random bytes in hex: nobody knew the challenge before it was asked. */
  nonce: text({ max: 64, pattern: /^[0-9a-f]{64}$/, expected: '64 hex characters' }),
  /** Answers count until then. */
  expiresAt: instant,
});

export type ChallengePredicate = typeof predicate extends Reader<infer T> ? T : never;

/** `c-` and the first 10 base32 characters (50 bits) of the SHA-256 of its file. */
export function challengeIdOf(fileDigest: Digest): string {
  return `c-${encodeBase32(Buffer.from(digestHex(fileDigest), 'hex')).slice(0, 10)}`;
}

export function challengePath(id: string): string {
  return `${CHALLENGE_FOLDER}/${id}.json`;
}

/** The inverse of `challengePath`; null for any other path. */
export function parseChallengePath(path: string): string | null {
  return PATH.exec(path)?.[1] ?? null;
}

/**
 * The DSSE payload; its subject is the roster whose custodians are asked, which everyone with a clone has as a file.
 * @throws CustodyError BUG for one that `parseChallenge` would refuse
 */
export function formatChallenge(said: ChallengePredicate): Uint8Array {
  const bytes = formatInToto({
    subjects: [{ name: subjectOf(said), digest: said.rosterDigest }],
    predicateType: CHALLENGE_TYPE,
    predicate: said as unknown as JsonObject,
  });
  try {
    parseChallenge(bytes, 'the challenge');
  } catch (cause) {
    throw new CustodyError('BUG', 'a challenge was made that nobody could read', { cause });
  }
  return bytes;
}

function subjectOf({ rosterVersion }: Pick<ChallengePredicate, 'rosterVersion'>): string {
  return `roster/${rosterVersion}.json`;
}

/** Is this payload a challenge's, by its predicate type? It says nothing about its signature or its shape. */
export function isChallengeStatement(payload: Uint8Array): boolean {
  return isOfType(payload, CHALLENGE_TYPE, LIMITS);
}

/** @throws CustodyError RECORD_MALFORMED, also for a statement of any other predicate type */
export function parseChallenge(payload: Uint8Array, what: string): ChallengePredicate {
  const outer = readInToto(parseCanonical(payload, what, LIMITS), what);
  if (outer.predicateType !== CHALLENGE_TYPE)
    throw new CustodyError('RECORD_MALFORMED', `${what}: not the predicate type of challenges`);
  const said = readFields(predicate, outer.predicate, what, 'RECORD_MALFORMED');
  const subject = soleSubject(outer, what);
  const faults = [
    ...(subject.name === subjectOf(said) && subject.digest === said.rosterDigest
      ? []
      : ['its subject is not the roster that it names']),
    ...(said.expiresAt > said.at ? [] : ['it ends before it begins']),
    ...(isLaterBy(MOST_SECONDS, said.at, said.expiresAt) ? ['it stands for longer than any approval window'] : []),
  ];
  if (faults.length > 0) throw new CustodyError('RECORD_MALFORMED', `${what}: ${faults.join('; ')}`);
  return said;
}
