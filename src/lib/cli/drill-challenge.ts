import type { Instant } from '../base/time.js';
import { askChallenge } from '../drill/ask-challenge.js';
import { type Challenge, challengeNow, openUntil } from '../drill/challenges.js';
import { readDrills } from '../drill/history.js';
import { waitingChallenge } from '../drill/waiting.js';
import { identityIn, lookUp } from '../request/desk.js';
import { keysVerifierOf } from './backup-place.js';
import type { Context, Seat } from './context.js';
import { pairs } from './render.js';

export interface ChallengeFlags {
  readonly pin?: string | undefined;
  readonly 'dry-run': boolean;
}

export interface ChallengeResult {
  /** Null in a dry run that would ask one. */
  readonly challenge: {
    readonly id: string;
    readonly digest: string;
    readonly path: string;
    readonly nonce: string;
    readonly by: string;
    readonly askedAt: Instant;
    readonly until: Instant;
  } | null;
  /** False: one was open already, or nothing was published. */
  readonly created: boolean;
  readonly dryRun: boolean;
  /** Custodians who have not answered it. */
  readonly missing: readonly string[];
}

/** Asks a challenge, or answers the one that is open. @throws CustodyError what `askChallenge` throws */
export async function challengeFor(context: Context, flags: ChallengeFlags): Promise<ChallengeResult> {
  await context.requireMemory(flags.pin);
  const seat = await context.seat('remote');
  const { ports, actor } = seat;
  const dryRun = flags['dry-run'];
  const verifier = keysVerifierOf(seat.state);
  const { challenge, created } = dryRun
    ? { challenge: await openIn(seat), created: false }
    : await askChallenge(ports, seat.state, actor, verifier);
  const state = await lookUp(ports, 'local');
  const waiting = await waitingChallenge(state, verifier, ports.clock.now());
  const missing = waiting ? waiting.silent : state.roster.custodians.map(({ id }) => id);
  return { challenge: challenge && factsOf(challenge, seat), created, dryRun, missing };
}

/** What would be asked, nobody signs. */
async function openIn({ ports, state, actor }: Seat): Promise<Challenge | null> {
  identityIn(state, actor);
  const verifier = keysVerifierOf(state);
  const { drills: history } = await readDrills(state.view, verifier, state);
  return (await challengeNow(state.view, verifier, { state, history, now: ports.clock.now() })).challenge;
}

function factsOf(challenge: Challenge, { state }: Seat): NonNullable<ChallengeResult['challenge']> {
  const { id, digest, path, said } = challenge;
  return { id, digest, path, nonce: said.nonce, by: said.by, askedAt: said.at, until: openUntil(challenge, state) };
}

/** In 80 columns: what is asked, and of whom. */
export function challengeText({ challenge, created, missing }: ChallengeResult): string {
  if (challenge === null) return `A challenge would be asked of ${missing.join(', ')}.`;
  const { id, digest, path, nonce, by, askedAt, until } = challenge;
  const rows = [
    ['challenge', `${id}, ${created ? 'new' : 'open already'}`],
    ['digest', digest],
    ['nonce', nonce],
    ['asked', `by ${by} on ${askedAt}`],
    ['open until', until],
    ['at', path],
    ['waits for', missing.join(', ') || 'nobody: all have answered'],
  ] as const;
  return [pairs(rows), ...(missing.length > 0 ? ['', 'Each of them runs: custody dr answer'] : [])].join('\n');
}
