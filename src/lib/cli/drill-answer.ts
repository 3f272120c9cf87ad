import { CustodyError } from '../base/errors.js';
import { accessDigest, accessList } from '../drill/access.js';
import { readDrills } from '../drill/history.js';
import { challengeOf, signAnswer } from '../drill/sign-answer.js';
import { casesOf } from '../request/desk.js';
import { observeEstate } from '../request/estate.js';
import { knownKeys } from '../request/known-keys.js';
import { confirm } from './ask.js';
import { keysVerifierOf } from './backup-place.js';
import type { Context } from './context.js';
import { pairs, wrap } from './render.js';

export interface AnswerFlags {
  readonly list: boolean;
  readonly reviewed?: string | undefined;
}

export interface DrillAnswered {
  readonly drill: string;
  readonly challenge: string;
  readonly access: readonly string[];
  /** Digest of the list: what `--reviewed` takes. */
  readonly reviewed: string;
  /** Where the answer lies; null when nothing was signed. */
  readonly path: string | null;
}

/**
 * Shows who has access, and signs it together with the newest drill's evidence.
 * @throws CustodyError NOT_FOUND without a drill to answer · INPUT_MISSING, REFUSED where the list was not the reviewed one
 */
export async function answerFor(
  context: Context,
  flags: AnswerFlags,
  show: (text: string) => void,
): Promise<DrillAnswered> {
  const { ports, state, plan, aws, actor } = await context.seat('remote');
  const { drills } = await readDrills(state.view, keysVerifierOf(state), state);
  const drill = challengeOf(drills, state, ports);
  const { cases } = await casesOf(ports, state);
  const estate = await observeEstate(aws.reader, plan, ports.progress, { known: knownKeys(plan, cases) });
  const account = await context.access.account(plan);
  const trust = async (roleArn: string) => (await account.role(roleArn))?.trust ?? null;
  const access = await accessList({ reader: aws.reader, trust }, plan, state.roster, estate);
  const found = { drill: drill.path, challenge: drill.digest, access, reviewed: accessDigest(access) };
  context.progress.done();
  show(listText(found));
  if (flags.list) return { ...found, path: null };
  await assertReviewed(context, flags.reviewed, found.reviewed);
  return { ...found, path: (await signAnswer(ports, state, actor, drill, access)).path };
}

/** Signed is what a person has looked at, and nothing that came after it. */
async function assertReviewed({ interactive }: Context, given: string | undefined, found: string): Promise<void> {
  if (given === found) return;
  if (given !== undefined)
    throw new CustodyError('REFUSED', 'the list is not the one that was reviewed: nothing was signed', {
      details: { expected: given, found },
    });
  if (!interactive)
    throw new CustodyError('INPUT_MISSING', 'without a terminal, --reviewed must be the digest of the list', {
      suggestions: ['custody dr answer --list shows both.'],
    });
  if (await confirm('Is this who should have access? Sign it')) return;
  throw new CustodyError('REFUSED', 'nothing was signed');
}

function listText({ drill, challenge, access, reviewed }: Omit<DrillAnswered, 'path'>): string {
  const facts = pairs([
    ['drill', drill],
    ['challenge', challenge],
    ['list', reviewed],
  ]);
  return ['Who has access', ...access.map((line) => `  ${wrap(line, 4)}`), '', facts].join('\n');
}
