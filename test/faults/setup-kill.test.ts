import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { textAt } from '../../src/lib/rehearse/expect.js';
import { codeOf, gitIn, World } from '../scenarios/world.js';
import { type GitCut, kill } from './kill.js';
import { count, expectNothingLost } from './whole.js';

/**
 * `init` and `join` are really killed (kill -9) around the git calls that write, each time over what the last one left
 * behind; the same command again goes on.
 */

let world: World;
beforeEach(async () => {
  world = await World.open();
  // The signers and their public files stay; there is no repository yet.
  for (const name of ['origin.git', 'architect', 'privacy', 'deputy'])
    rmSync(join(world.dir, name), { recursive: true });
});
afterEach(() => world.close());

const INIT_CUTS: readonly GitCut[] = [
  { git: 'init', when: 'before' },
  { git: 'init', when: 'after' },
  { git: 'config', when: 'before' },
  { git: 'push', when: 'before' },
  { git: 'push', when: 'after' },
];

const JOIN_CUTS: readonly GitCut[] = [
  { git: 'init', when: 'after' },
  { git: 'fetch', when: 'after' },
  { git: 'update-ref', when: 'after' },
  { git: 'push', when: 'before' },
  { git: 'push', when: 'after' },
];

function initWords(): readonly string[] {
  const custodians = ['architect', 'privacy', 'deputy'].flatMap((id) => ['--custodian', join(world.dir, `${id}.json`)]);
  return ['init', world.clone('architect'), ...custodians, '--remote', world.origin, '--as', 'architect'];
}

it('T51 init, killed wherever it writes, founds one repository, and takes nobody else’s for its own', async () => {
  for (const cut of INIT_CUTS) await kill(world, { player: 'architect', words: initWords() }, cut);
  await world.ok('architect', ...initWords());
  expect(count(world, 'genesis')).toBe(1);
  expectNothingLost(world, new Map());
  expect(readdirSync(join(world.clone('architect'), '.git'))).not.toContain('custody.unfinished');
  // Complete now: it is not made anew, nor by another custodian.
  const theirs = initWords().map((word) => (word === 'architect' ? 'privacy' : word));
  const elsewhere = theirs.map((word) => (word === world.clone('architect') ? join(world.dir, 'elsewhere') : word));
  for (const [player, words] of [
    ['architect', initWords()],
    ['privacy', elsewhere],
  ] as const) {
    const refused = await world.run(player, words);
    expect([refused.exit, codeOf(refused)]).toEqual([2, 'REPOSITORY_EXISTS']);
  }
});

it('T51 join, killed wherever it writes, signs genesis once', async () => {
  const genesis = textAt((await world.ok('architect', ...initWords())).json, 'genesis');
  const words = ['join', world.origin, world.clone('privacy'), '--as', 'privacy', '--genesis', genesis];
  for (const cut of JOIN_CUTS) await kill(world, { player: 'privacy', words }, cut);
  await world.ok('privacy', ...words);
  expect(world.git('ls-tree', '--name-only', 'refs/heads/main', 'records/genesis/').trim().split('\n')).toHaveLength(2);
  expectNothingLost(world, new Map());
  expect(readFileSync(join(world.clone('privacy'), 'custody.yaml'), 'utf8')).toContain('case-data');
});

it('init leaves alone a repository that it did not begin', async () => {
  const folder = world.clone('architect');
  mkdirSync(folder);
  gitIn(join(folder, '.git'), ['init', '--quiet', folder]);
  const before = readFileSync(join(folder, '.git', 'config'), 'utf8');
  const refused = await world.run('architect', initWords());
  expect([refused.exit, codeOf(refused)]).toEqual([2, 'REPOSITORY_EXISTS']);
  expect(readFileSync(join(folder, '.git', 'config'), 'utf8')).toBe(before);
});
