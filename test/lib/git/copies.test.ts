import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOrigin } from '../../../src/lib/git/clone.js';
import { pushMirrors, writeBundle } from '../../../src/lib/git/copies.js';
import type { CommitId } from '../../../src/lib/record/store.js';
import { createGitWorld, type GitWorld } from '../../support/git-world.js';

const add = (path: string, text: string) => async () => ({
  message: 'test',
  files: new Map([[path, Buffer.from(text)]]),
});

let world: GitWorld;
let dir: string;
let head: CommitId;
let mirror: string;
const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['--git-dir', folder, ...args])
    .toString()
    .trim();

beforeAll(async () => {
  world = await createGitWorld();
  dir = await world.cloneDir();
  const store = await world.open(dir);
  await store.publish(add('plan/1.json', '{}'));
  ({ commit: head } = await store.publish(add('backups/SHA256SUMS', 'x\n')));
  mirror = await createOrigin(join(world.root, 'mirror.git'), world.environment);
});
afterAll(() => world.close());

describe('mirrors', () => {
  it('have what was pushed, and are pushed again without harm', async () => {
    for (let again = 0; again < 2; again++)
      expect(await pushMirrors(dir, world.environment, [mirror], head)).toEqual([
        { url: mirror, status: 'pushed', because: null },
      ]);
    expect(git(mirror, 'rev-parse', 'refs/heads/main')).toBe(head);
  });

  it('with commits of their own are left alone, and one that is away hinders no other', async () => {
    const foreign = await createGitWorld();
    try {
      const theirs = await (await foreign.client()).publish(add('plan/1.json', '{"their":1}'));
      const away = join(world.root, 'away.git');
      const outcomes = await pushMirrors(dir, world.environment, [foreign.origin, away, mirror], head);
      expect(outcomes.map(({ status }) => status)).toEqual(['diverged', 'unreachable', 'pushed']);
      expect(foreign.head()).toBe(theirs.commit);
    } finally {
      foreign.close();
    }
  });

  it.each(['ext::sh -c touch% pwned', '--upload-pack=x', 'http://example.com/x.git', 'fd::17'])(
    'T34 %s is no address',
    async (url) => {
      await expect(pushMirrors(dir, world.environment, [url], head)).rejects.toMatchObject({ code: 'USAGE' });
    },
  );
});

describe('a bundle', () => {
  it('is a repository in one file, and leaves no branch behind', async () => {
    const file = join(world.root, 'keys.bundle');
    await writeBundle(dir, world.environment, file, head);
    const clone = join(world.root, 'from-bundle');
    mkdirSync(clone);
    execFileSync('git', ['clone', '--quiet', '--branch', 'main', file, clone]);
    expect(git(join(clone, '.git'), 'rev-parse', 'HEAD')).toBe(head);
    expect(git(join(dir, '.git'), 'for-each-ref', 'refs/heads')).toBe('');
    await world.open(dir);
  });

  it('that cannot be written is a failure of storage', async () => {
    await expect(writeBundle(dir, world.environment, join(world.root, 'no', 'x.bundle'), head)).rejects.toMatchObject({
      code: 'STORAGE',
    });
  });
});
