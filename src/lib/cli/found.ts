import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openClonePin } from '../fs/clone-pin.js';
import { writeDraft } from '../fs/folder.js';
import { createClone, createOrigin } from '../git/clone.js';
import { parseDraft } from '../plan/draft.js';
import { lookUp } from '../request/desk.js';
import type { Roster } from '../roster/roster.js';
import { wordsOf } from '../roster/words.js';
import { found, foundingOf } from '../setup/found.js';
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
  await createClone(folder, isPath(url) ? resolve(url) : url, context.environment);
  await writeDraft(folder, text);
  const ports = await context.portsFor(folder, { read: async () => null, write: async () => undefined }, draft.plan);
  const founding = foundingOf(draft, randomBytes(8).toString('hex'), ports.clock.now());
  const actor = await context.actor(founding.roster, draft.plan, as);
  const genesis = await found(ports, actor, await context.access.aws(draft.plan), founding, witness);
  const pin = { schema: 1, genesis: genesis.digest, as } as const;
  await openClonePin(folder).write(pin);
  const state = await lookUp({ ...ports, memory: context.memoryOf(pin) }, 'local');
  return {
    repository: founding.roster.repository,
    folder,
    remote: url,
    genesis: genesis.digest,
    words: wordsOf(genesis.digest),
    head: state.head,
    custodian: as,
    missing: missingIn(founding.roster, state.signedGenesis),
  };
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
  if (!there) await createOrigin(resolve(url), context.environment);
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
