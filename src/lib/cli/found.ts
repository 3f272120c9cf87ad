import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CustodyError } from '../base/errors.js';
import { openClonePin } from '../fs/clone-pin.js';
import { writeDraft } from '../fs/folder.js';
import { createClone, createOrigin, finishClone, isUnfinished } from '../git/clone.js';
import { parseDraft } from '../plan/draft.js';
import { planDigest } from '../plan/format.js';
import { lookUp } from '../request/desk.js';
import { readInForce } from '../request/in-force.js';
import type { Actor, Ports } from '../request/ports.js';
import { rosterDigest } from '../roster/format.js';
import type { Roster } from '../roster/roster.js';
import { wordsOf } from '../roster/words.js';
import { type Founding, found, foundingOf } from '../setup/found.js';
import { seatOfRole } from './acting.js';
import { orAsk } from './ask.js';
import type { Context } from './context.js';
import { heading, pairs } from './render.js';

/** Founds a repository in `dir` from the text of a draft. @throws CustodyError what its steps throw */
export async function foundRepository(
  context: Context,
  dir: string,
  text: string,
  remote: string | undefined,
  witness: string | null,
) {
  const draft = parseDraft(text, 'custody.yaml');
  const url = await orAsk(remote, context.interactive, '--remote', 'URL of the shared Git repository:');
  const as = await orAsk(
    context.flags.as ?? (await seatOfRole(await context.access.aws(draft.plan), draft.roster)),
    context.interactive,
    '--as',
    'Which custodian are you?',
  );
  const folder = resolve(dir);
  await originAt(url, context);
  const clone = await createClone(folder, isPath(url) ? resolve(url) : url, context.environment);
  await writeDraft(folder, text);
  const ports = await context.portsFor(folder, { read: async () => null, replace: async () => true }, draft.plan);
  const founding = foundingOf(draft, randomBytes(8).toString('hex'), ports.clock.now());
  const actor = await context.actor(founding.roster, draft.plan, as);
  const aws = await context.access.aws(draft.plan);
  const genesis = await found(ports, actor, aws, founding, witness).catch((cause) =>
    ownGenesis(ports, actor, founding, cause),
  );
  const pin = { schema: 1, genesis: genesis.digest, as } as const;
  const state = await lookUp({ ...ports, memory: context.memoryOf(pin) }, 'local');
  // Last: with its pin the clone is complete, without one the next run makes it anew.
  await openClonePin(folder).write(pin);
  await finishClone(clone);
  return {
    repository: state.roster.repository,
    folder,
    remote: url,
    genesis: genesis.digest,
    words: wordsOf(genesis.digest),
    head: state.head,
    custodian: as,
    missing: missingIn(founding.roster, state.signedGenesis),
  };
}

/**
 * What an earlier run of the same command published before it was cut off: a genesis with this custodian's own
 * signature over this plan and these people. Anything else is somebody's repository, and `cause` stands.
 */
async function ownGenesis({ store, clock }: Ports, actor: Actor, { plan, roster }: Founding, cause: unknown) {
  if (!(cause instanceof CustodyError) || cause.code !== 'REPOSITORY_EXISTS') throw cause;
  const state = await readInForce(store, await store.local(), clock.now());
  const [firstPlan, firstRoster] = [state.plans[0], state.rosters[0]];
  if (!firstPlan || !firstRoster || !state.signedGenesis.has(actor.identity.id)) throw cause;
  const { repository, createdAt } = firstRoster;
  const samePlan = planDigest(firstPlan) === planDigest(plan);
  if (samePlan && rosterDigest(firstRoster) === rosterDigest({ ...roster, repository, createdAt }))
    return state.genesis;
  throw cause;
}

/** Custodians who have not signed genesis. */
export function missingIn(roster: Roster, signed: ReadonlySet<string>): readonly string[] {
  return roster.custodians.map(({ id }) => id).filter((id) => !signed.has(id));
}

export function isPath(url: string): boolean {
  return !url.includes('://') && !/^[^/]+@?[^/]*:/.test(url);
}

/** A path that does not exist yet becomes a bare repository. */
async function originAt(url: string, context: Context): Promise<void> {
  if (!isPath(url)) return;
  const there = await stat(url).then(
    () => true,
    () => false,
  );
  if (!there || (await isUnfinished(resolve(url)))) await createOrigin(resolve(url), context.environment);
}

/** What was founded, and the words to read to the others. */
export function foundedText(founded: Awaited<ReturnType<typeof foundRepository>>): string {
  return [
    heading('The repository is founded.'),
    pairs([
      ['folder', founded.folder],
      ['remote', founded.remote],
      ['genesis', founded.genesis],
    ]),
    '',
    wordBlock(founded.words),
    '',
    founded.missing.length === 0
      ? 'Everyone has signed genesis.'
      : `Read these words to the others; each compares them and signs:\n${founded.missing.map((id) => `  custody join ${founded.remote} --as ${id}`).join('\n')}`,
  ].join('\n');
}

/** Twelve words in three lines, easy to read aloud. */
export function wordBlock(words: readonly string[]): string {
  const lines = [0, 4, 8].map((at) =>
    words
      .slice(at, at + 4)
      .map((word) => word.padEnd(12))
      .join(''),
  );
  return lines.map((line) => `    ${line.trimEnd()}`).join('\n');
}
