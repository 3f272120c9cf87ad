import { type Digest, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import { CLOCK_TOLERANCE_SECONDS } from '../quorum/evidence.js';
import type { View } from '../record/store.js';
import type { InForce } from '../request/in-force.js';
import { rosterDigest } from '../roster/format.js';
import { identitiesOf } from '../roster/rules.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import {
  CHALLENGE_FOLDER,
  type ChallengePredicate,
  challengeIdOf,
  parseChallenge,
  parseChallengePath,
} from './challenge.js';
import type { Drilled } from './history.js';

/** A challenge that was asked by one who was listed then. */
export interface Challenge {
  /** `c-…` */
  readonly id: string;
  readonly path: string;
  /** Of the file: what an answer names. */
  readonly digest: Digest;
  readonly said: ChallengePredicate;
}

/** A file that is no challenge; it counts for nothing, and proves or denies nothing. */
export interface BadChallenge {
  readonly path: string;
  readonly because: string;
}

type Rules = Pick<InForce, 'rosters' | 'roster'>;

/**
 * A challenge by itself: signed by the identity that it names, whom the roster that it names listed, of this repository, at its place.
 * @throws CustodyError RECORD_MALFORMED, SIGNATURE_INVALID, SIGNER_UNKNOWN
 */
export async function openChallenge(
  bytes: Uint8Array,
  path: string,
  verifier: StatementVerifier,
  { rosters, roster }: Rules,
): Promise<Challenge> {
  const { statement, signer } = await verifier.open(bytes);
  const said = parseChallenge(statement, path);
  const digest = digestOf(bytes);
  const id = challengeIdOf(digest);
  const then = rosters.find((one) => rosterDigest(one) === said.rosterDigest && one.version === said.rosterVersion);
  if (!then) throw new CustodyError('RECORD_MALFORMED', `${path}: it names a roster that is not known here`);
  const listed = signer.kind === 'key' ? [...identitiesOf(then)].find(([keyId]) => keyId === signer.keyId) : undefined;
  const place = parseChallengePath(path);
  const faults = [
    ...(listed?.[1].id === said.by ? [] : [`${said.by} has not signed it`]),
    ...(said.repository === roster.repository ? [] : ['it is of another repository']),
    ...(place === null || place === id ? [] : [`its name must be ${id}`]),
  ];
  if (faults.length > 0) throw new CustodyError('RECORD_MALFORMED', `${path}: ${faults.join('; ')}`);
  return { id, path, digest, said };
}

/** All that a repository tells of, the newest first; what does not verify is listed apart. */
export async function readChallenges(
  view: View,
  verifier: StatementVerifier,
  rules: Rules,
): Promise<{ readonly challenges: readonly Challenge[]; readonly bad: readonly BadChallenge[] }> {
  const challenges: Challenge[] = [];
  const bad: BadChallenge[] = [];
  for (const [path, bytes] of await view.read(await view.pathsUnder(`${CHALLENGE_FOLDER}/`))) {
    try {
      challenges.push(await openChallenge(bytes, path, verifier, rules));
    } catch (cause) {
      if (!(cause instanceof CustodyError)) throw cause;
      bad.push({ path, because: cause.message });
    }
  }
  return { challenges: challenges.sort((a, b) => (order(a) > order(b) ? -1 : 1)), bad };
}

/** Of two of one moment every clone takes the same. */
function order({ said, id }: Challenge): string {
  return `${said.at} ${id}`;
}

/** By what a challenge is judged. */
export interface ChallengeRules {
  readonly state: Pick<InForce, 'plan' | 'rosterDigest'>;
  /** Drills so far. */
  readonly history: readonly Pick<Drilled, 'digest' | 'said'>[];
  readonly now: Instant;
}

/** Until when answers to it count: never longer than the plan's approval window. */
export function openUntil({ said }: Pick<Challenge, 'said'>, { plan: { plan } }: Pick<InForce, 'plan'>): Instant {
  const most = addSeconds(said.at, plan.quorum.approvalWindowSeconds);
  return said.expiresAt < most ? said.expiresAt : most;
}

/** Why a challenge can be answered no more, or not yet; null while it is open. Pure. */
export function closedBecause(challenge: Challenge, { state, history, now }: ChallengeRules): string | null {
  const { id, said } = challenge;
  const until = openUntil(challenge, state);
  if (said.rosterDigest !== state.rosterDigest) return `${id} was asked under roster ${said.rosterVersion}`;
  if (said.after !== null && !history.some(({ digest }) => digest === said.after))
    return `${id} follows a drill that is not here`;
  if (said.at > addSeconds(now, CLOCK_TOLERANCE_SECONDS)) return `${id} is dated in the future`;
  if (now >= until) return `${id} was open until ${until}`;
  const done = history.find((drill) => isDoneBy(challenge, drill));
  return done ? `${id} is done: drill ${done.said.quarter}-${done.said.number} says what came of it` : null;
}

/** A verified drill has seen every answer, or a drill has found what is no answer: that challenge can prove nothing more. */
function isDoneBy({ digest }: Challenge, { said }: Pick<Drilled, 'said'>): boolean {
  if (said.challenge?.digest !== digest) return false;
  const own = said.checks.filter(({ drill }) => drill === 'challenge');
  if (own.some(({ status }) => status === 'fail')) return true;
  return said.verdict === 'verified' && own.every(({ status }) => status === 'pass');
}

/** The challenge of now, and those that were known besides. */
export type Asked = {
  readonly all: readonly Challenge[];
} & ({ readonly challenge: Challenge } | { readonly challenge: null; readonly because: string });

/** The newest challenge that is open, or why there is none. */
export async function challengeNow(
  view: View,
  verifier: StatementVerifier,
  rules: ChallengeRules & { readonly state: InForce },
): Promise<Asked> {
  const { challenges: all, bad } = await readChallenges(view, verifier, rules.state);
  const challenge = all.find((one) => closedBecause(one, rules) === null);
  if (challenge) return { all, challenge };
  const [newest] = all;
  const why = newest ? closedBecause(newest, rules) : 'none was ever asked';
  const [first] = bad;
  const none = first ? `; ${first.path} is none: ${first.because}` : '';
  return { all, challenge: null, because: `no challenge is open (${why}${none}): custody dr challenge asks one` };
}
