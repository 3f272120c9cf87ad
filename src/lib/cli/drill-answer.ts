import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import { accessList, reviewedDigest } from '../drill/access.js';
import { type Challenge, openUntil } from '../drill/challenges.js';
import { challengeToAnswer, signAnswer } from '../drill/sign-answer.js';
import { casesOf } from '../request/desk.js';
import { observeEstate } from '../request/estate.js';
import { knownKeys } from '../request/known-keys.js';
import { confirm } from './ask.js';
import { keysVerifierOf } from './backup-place.js';
import type { Context, Seat } from './context.js';
import { pairs, wrap } from './render.js';

export interface AnswerFlags {
  readonly list: boolean;
  readonly reviewed?: string | undefined;
}

export interface DrillAnswered {
  /** What is signed: the challenge by its file, and the list. */
  readonly challenge: {
    readonly id: string;
    readonly digest: string;
    readonly nonce: string;
    readonly by: string;
    readonly askedAt: Instant;
    readonly until: Instant;
  };
  readonly access: readonly string[];
  /** Digest of the challenge and the list: what `--reviewed` takes. */
  readonly reviewed: string;
  /** Where the answer lies; null when nothing was signed. */
  readonly path: string | null;
}

/**
 * Shows the open challenge and who has access, and signs both.
 * @throws CustodyError NOT_FOUND without a challenge to answer · INPUT_MISSING, REFUSED where what is signed was not reviewed
 */
export async function answerFor(
  context: Context,
  flags: AnswerFlags,
  show: (text: string) => void,
): Promise<DrillAnswered> {
  const seat = await context.seat('remote');
  const { ports, state, actor } = seat;
  const verifier = keysVerifierOf(state);
  const challenge = await challengeToAnswer(state, verifier, ports);
  const access = await accessIn(context, seat);
  const found = { challenge: factsOf(challenge, seat), access, reviewed: reviewedDigest(challenge.digest, access) };
  context.progress.done();
  show(shownText(found));
  if (flags.list) return { ...found, path: null };
  await assertReviewed(context, flags.reviewed, found.reviewed);
  const { path } = await signAnswer(ports, state, actor, verifier, challenge, access);
  return { ...found, path };
}

async function accessIn(context: Context, { ports, state, plan, aws }: Seat): Promise<readonly string[]> {
  const { cases } = await casesOf(ports, state);
  const estate = await observeEstate(aws.reader, plan, ports.progress, { known: knownKeys(plan, cases) });
  const account = await context.access.account(plan);
  const trust = async (roleArn: string) => (await account.role(roleArn))?.trust ?? null;
  return accessList({ reader: aws.reader, trust }, plan, state.roster, estate);
}

function factsOf(challenge: Challenge, { state }: Seat): DrillAnswered['challenge'] {
  const { id, digest, said } = challenge;
  return { id, digest, nonce: said.nonce, by: said.by, askedAt: said.at, until: openUntil(challenge, state) };
}

/** Signed is what a person has looked at, and nothing that came after it. */
async function assertReviewed({ interactive }: Context, given: string | undefined, found: string): Promise<void> {
  if (given === found) return;
  if (given !== undefined)
    throw new CustodyError('REFUSED', 'challenge and list are not the ones that were reviewed: nothing was signed', {
      details: { expected: given, found },
    });
  if (!interactive)
    throw new CustodyError('INPUT_MISSING', 'without a terminal, --reviewed must be the digest of challenge and list', {
      suggestions: ['custody dr answer --list shows all three.'],
    });
  if (await confirm('Is this who should have access? Sign it, and the challenge')) return;
  throw new CustodyError('REFUSED', 'nothing was signed');
}

function shownText({ challenge, access, reviewed }: Omit<DrillAnswered, 'path'>): string {
  const facts = pairs([
    ['challenge', challenge.id],
    ['digest', challenge.digest],
    ['nonce', challenge.nonce],
    ['asked', `by ${challenge.by} on ${challenge.askedAt}, open until ${challenge.until}`],
    ['to review', reviewed],
  ]);
  return [
    'Who has access',
    ...access.map((line) => `  ${wrap(line, 4)}`),
    '',
    'Signed is this list, and that the challenge has reached you',
    facts,
  ].join('\n');
}
