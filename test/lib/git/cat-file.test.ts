import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readHeaders, readObjects } from '../../../src/lib/git/batch.js';
import { CatFile } from '../../../src/lib/git/cat-file.js';
import { readRefs } from '../../../src/lib/git/refs.js';
import type { GitProcess } from '../../../src/lib/git/spawn.js';
import { createGitWorld, type GitWorld } from '../../support/git-world.js';

let world: GitWorld;
let git: GitProcess;
const FILE = 'records/r-aaaaaaaaaa/a.json';

beforeEach(async () => {
  world = await createGitWorld();
  const dir = await world.cloneDir();
  const store = await world.open(dir);
  await store.publish(async () => ({ message: 'one', files: new Map([[FILE, Buffer.from('one')]]) }));
  git = { gitDir: join(dir, '.git'), environment: world.environment };
});
afterEach(() => world.close());

const never = (): never => {
  throw new Error('no object is too large here');
};
const run = (...words: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {
    env: { ...process.env, GIT_DIR: git.gitDir ?? '' },
    encoding: 'utf8',
    input: '',
  }).trim();

test('what another process writes or moves is seen by the one that stays', async () => {
  const before = await readRefs(git);
  expect((await readObjects(git, [`${before.main}:${FILE}`, '0'.repeat(40)], 10, never)).map(String)).toHaveLength(2);
  const blob = run('hash-object', '-w', '--stdin');
  const commit = run('commit-tree', '-m', 'x', run('write-tree'));
  expect((await readHeaders(git, [blob, commit])).map((header) => header?.type)).toEqual(['blob', 'commit']);
  run('update-ref', 'refs/custody/outbox', commit);
  expect(await readRefs(git)).toEqual({ main: before.main, outbox: commit });
  run('pack-refs', '--all');
  run('gc', '--quiet', '--prune=now');
  expect(await readRefs(git)).toEqual({ main: before.main, outbox: commit });
  run('update-ref', '-d', 'refs/custody/outbox');
  expect(await readRefs(git)).toEqual(before);
});

test('T33 a branch with the name of our ref is not taken for it', async () => {
  const { main } = await readRefs(git);
  const other = run('commit-tree', '-m', 'x', run('write-tree'));
  for (const ref of ['refs/heads/refs/custody/main', 'refs/refs/custody/main', 'refs/tags/refs/custody/outbox']) {
    run('update-ref', ref, other);
  }
  expect((await readRefs(git)).main).toBe(main);
});

test('a ref whose commit is lost still names it: the clone does not look empty', async () => {
  const { main } = await readRefs(git);
  rmSync(join(git.gitDir ?? '', 'objects'), { recursive: true });
  execFileSync('git', ['init', '--quiet', '--bare', git.gitDir ?? '']);
  expect(main).not.toBeNull();
  expect(await readRefs({ ...git })).toEqual({ main, outbox: null });
});

test('questions at once are answered each with its own, and one that gives up harms no other', async () => {
  const { main } = await readRefs(git);
  const names = [`${main}:${FILE}`];
  const text = async () => (await readObjects(git, names, 10, never)).map((object) => object?.bytes.toString());
  const tooLarge = readObjects(git, names, 2, (_, size) => {
    throw new RangeError(`${size} bytes`);
  });
  const all = await Promise.allSettled([text(), tooLarge, text(), text()]);
  expect(all.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))).toEqual([
    ['one'],
    'BUG',
    ['one'],
    ['one'],
  ]);
});

test('one that was killed or ended by itself is followed by another', async () => {
  const process = new CatFile(git, '--batch-check');
  const ask = async () => {
    let answer = '';
    await process.ask(['refs/custody/main'], (chunk) => {
      answer += chunk.toString();
      return answer.endsWith('\n');
    });
    return answer;
  };
  const answer = await ask();
  expect(answer).toMatch(/^[0-9a-f]{40} commit \d+\n$/);
  await wait(2_500);
  expect(await ask()).toBe(answer);
  await expect(process.ask(['x'], () => assert())).rejects.toMatchObject({ code: 'BUG' });
  expect(await ask()).toBe(answer);
  const gone = new CatFile({ gitDir: '/nowhere', environment: world.environment }, '--batch');
  await expect(gone.ask(['x'], () => true)).rejects.toMatchObject({ code: 'STORAGE' });
  const none = new CatFile({ ...git, environment: { PATH: '/nowhere' } }, '--batch');
  await expect(none.ask(['x'], () => true)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test.each([
  ['after its first answer', 'read -r name; echo "$name missing"; exit 1', null],
  ['before it answers', 'read -r name; echo "fatal: gone" >&2; exit 1', 'git cat-file ended with 1: "fatal: gone"'],
])('one that dies %s is told so, and followed by another', async (_, body, message) => {
  const bin = mkdtempSync(join(world.root, 'bin-'));
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  const dying = new CatFile({ ...git, environment: { PATH: bin } }, '--batch-check');
  for (let turn = 0; turn < 3; turn++) {
    const asked = dying.ask(['x'], (chunk) => chunk.toString().endsWith('missing\n'));
    if (message === null) await asked;
    else await expect(asked).rejects.toMatchObject({ code: 'STORAGE', message });
    await wait(100);
  }
});

function assert(): never {
  throw new Error('given up');
}
