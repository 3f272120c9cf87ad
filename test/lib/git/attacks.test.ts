import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { MAX_BLOB_BYTES } from '../../../src/lib/git/tree.js';
import type { CommitId, RecordStore } from '../../../src/lib/record/store.js';
import { type AttackChange, createGitWorld, type GitWorld } from '../../support/git-world.js';

/** A custodian, or whoever holds the server, pushes past custody with plain Git. */

const A = 'records/r-aaaaaaaaaa';
const EVIL = 'records/r-bbbbbbbbbb';
const code = (expected: string) => expect.objectContaining({ code: expected });
const add = (path: string, text: string) => async () => ({
  message: 'test',
  files: new Map([[path, Buffer.from(text)]]),
});

let world: GitWorld;
let pristine: string;
let dir: string;
let store: RecordStore;
let first: CommitId;
let head: CommitId;

const limits = { retries: 0, silenceMillis: 10_000 };

beforeAll(async () => {
  world = await createGitWorld();
  pristine = await world.cloneDir();
  const victim = await world.open(pristine, { limits });
  ({ commit: first } = await victim.publish(add('plan/1.json', '{}')));
  ({ commit: head } = await victim.publish(add(`${A}/a.json`, 'one')));
});
afterAll(() => world.close());

let clones = 0;
beforeEach(async () => {
  for (const ref of world.git(['for-each-ref', '--format=%(refname)']).trim().split('\n')) {
    if (ref !== '') world.git(['update-ref', '-d', ref]);
  }
  world.git(['update-ref', 'refs/heads/main', head]);
  dir = join(world.root, `victim-${++clones}`);
  cpSync(pristine, dir, { recursive: true });
  store = await world.open(dir, { limits });
});

/** @param kept the newest commit that is in order, to which the clone moves */
async function refused(
  attack: AttackChange | null,
  expected: string,
  words: RegExp,
  kept: CommitId = head,
): Promise<void> {
  const evil = attack === null ? world.head() : world.attack(attack);
  const failure = await store.sync().catch((cause: unknown) => cause);
  expect(failure).toEqual(code(expected));
  expect(String(failure)).toMatch(words);
  // The same through a publish, which fetches too.
  await expect(store.publish(add(`${A}/z.json`, 'z'))).rejects.toEqual(code(expected));
  expect((await store.local()).head).toBe(kept);
  expect((await (await world.open(dir)).local()).head).toBe(kept);
  if (evil === null || evil === first) return;
  // What was refused is in the object store by now, but it is not in the line that counts.
  await expect(store.at(evil)).rejects.toEqual(code('NOT_FOUND'));
  expect(await store.foldersAt([{ commit: evil, folder: A }])).toEqual([null]);
}

describe('T30 the remote is rewritten', () => {
  test('force push of another line', () =>
    refused({ parents: [first], files: { [`${EVIL}/a.json`]: 'x' } }, 'HISTORY_REWRITTEN', /should follow/));

  test('force push of a line without a common commit', () =>
    refused({ parents: [], files: { 'plan/1.json': 'x' } }, 'HISTORY_REWRITTEN', /follows nothing/));

  test('an older state is served', () => {
    world.git(['update-ref', 'refs/heads/main', first]);
    return refused(null, 'HISTORY_REWRITTEN', /older than/);
  });

  test('the branch is gone', () => {
    world.git(['update-ref', '-d', 'refs/heads/main']);
    return refused(null, 'HISTORY_REWRITTEN', /lost its branch/);
  });

  test('a publish does not bring a rewound remote forward again', async () => {
    world.git(['update-ref', 'refs/heads/main', first]);
    await expect(store.publish(add(`${A}/z.json`, 'z'))).rejects.toEqual(code('HISTORY_REWRITTEN'));
    expect(world.head()).toBe(first);
  });

  test('once the line is back, work goes on', async () => {
    world.attack({ parents: [first], files: { [`${EVIL}/a.json`]: 'x' } });
    await expect(store.sync()).rejects.toEqual(code('HISTORY_REWRITTEN'));
    world.git(['update-ref', 'refs/heads/main', head]);
    expect((await store.sync()).head).toBe(head);
    expect((await store.publish(add(`${A}/z.json`, 'z'))).pushed).toBe(true);
  });
});

describe('T36 nothing that was written is changed', () => {
  test('a record is edited', () =>
    refused({ parents: [head], files: { [`${A}/a.json`]: 'two' } }, 'HISTORY_REWRITTEN', /changes "records/));

  test('a record is deleted', () =>
    refused({ parents: [head], remove: [`${A}/a.json`] }, 'HISTORY_REWRITTEN', /deletes "records/));

  test('the plan in force is edited', () =>
    refused({ parents: [head], files: { 'plan/1.json': '[]' } }, 'HISTORY_REWRITTEN', /changes "plan/));

  test('a record is edited and put back in the next commit', () => {
    const edited = world.attack({ parents: [head], files: { [`${A}/a.json`]: 'two' }, move: false });
    return refused({ parents: [edited], files: { [`${A}/a.json`]: 'one' } }, 'HISTORY_REWRITTEN', /changes/);
  });

  test('a record is added and deleted again before anyone looks', () => {
    const added = world.attack({ parents: [head], files: { [`${EVIL}/a.json`]: 'x' }, move: false });
    return refused({ parents: [added], remove: [`${EVIL}/a.json`] }, 'HISTORY_REWRITTEN', /deletes/, added);
  });

  test('a record is renamed', () =>
    refused(
      { parents: [head], remove: [`${A}/a.json`], files: { [`${A}/b.json`]: 'one' } },
      'HISTORY_REWRITTEN',
      /deletes/,
    ));

  test('a merge, which could drop a signature without a trace in its first parent', () => {
    const side = world.attack({ parents: [first], files: { [`${EVIL}/a.json`]: 'x' }, move: false });
    return refused({ parents: [head, side] }, 'HISTORY_REWRITTEN', /is a merge/);
  });

  test('only the README may change', async () => {
    const one = world.attack({ parents: [head], files: { 'README.md': 'one' } });
    world.attack({ parents: [one], files: { 'README.md': 'two' } });
    expect((await store.sync()).head).toBe(world.head());
  });
});

describe('T33, T35 odd paths, kinds and sizes', () => {
  test.each([
    'custody.yaml',
    '.gitattributes',
    '.github/workflows/run.yml',
    'records/a.json',
    `${EVIL}/A.json`,
    `${EVIL}/deep/a.json`,
    `${EVIL}/a.json `,
    `${EVIL}/\u202egnp.json`,
    `${EVIL}/a\nb.json`,
    'Plan/1.json',
    'plan/1.JSON',
    'plan/01.json',
    'ledger/000000/0.json',
    'backups/a/B',
    'backups/.git/config',
  ])('path %j', async (path) => {
    world.attack({ parents: [head], files: { [path]: 'x' } });
    const failure = await store.sync().catch((cause: unknown) => cause);
    expect(failure).toEqual(code('TREE_MALFORMED'));
    expect(String(failure)).toMatch(/not a path|malformed/);
    // T8: a path that is shown is shown visibly.
    expect(String(failure)).not.toMatch(/[\u202e\n]/);
    expect((await store.local()).head).toBe(head);
  });

  test('a symbolic link', () =>
    refused(
      { parents: [head], files: { [`${EVIL}/a.json`]: '/etc/passwd' }, modes: { [`${EVIL}/a.json`]: '120000' } },
      'TREE_MALFORMED',
      /symbolic link/,
    ));

  test('a submodule', () =>
    refused(
      { parents: [head], files: { [`${EVIL}/a.json`]: '' }, modes: { [`${EVIL}/a.json`]: '160000' } },
      'TREE_MALFORMED',
      /submodule/,
    ));

  test('an executable', () =>
    refused(
      { parents: [head], files: { [`${EVIL}/a.json`]: 'x' }, modes: { [`${EVIL}/a.json`]: '100755' } },
      'TREE_MALFORMED',
      /100755/,
    ));

  test('a huge file', () =>
    refused(
      { parents: [head], files: { [`${EVIL}/a.json`]: Buffer.alloc(MAX_BLOB_BYTES + 1) } },
      'TREE_MALFORMED',
      /1048577 bytes/,
    ));

  test('a file of exactly the cap is read', async () => {
    world.attack({ parents: [head], files: { [`${EVIL}/a.json`]: Buffer.alloc(MAX_BLOB_BYTES, 7) } });
    const files = await (await store.sync()).read([`${EVIL}/a.json`]);
    expect(files.get(`${EVIL}/a.json`)?.length).toBe(MAX_BLOB_BYTES);
  });

  test('refs/replace in the clone changes nothing that is read', async () => {
    const blob = world.git(['rev-parse', `${head}:${A}/a.json`]).trim();
    const gitDir = join(dir, '.git');
    const fake = world.git(['--git-dir', gitDir, 'hash-object', '-w', '--stdin'], 'forged').trim();
    world.git(['--git-dir', gitDir, 'update-ref', `refs/replace/${blob}`, fake]);
    expect(world.git(['--git-dir', gitDir, 'cat-file', 'blob', blob])).toBe('forged');
    const files = await (await store.local()).read([`${A}/a.json`]);
    expect(Buffer.from(files.get(`${A}/a.json`) ?? []).toString()).toBe('one');
  });

  test('other branches and tags of the remote are not fetched, nor can one pose as main', async () => {
    const evil = world.attack({ parents: [first], files: { 'custody.yaml': 'x' }, move: false });
    const refs = ['refs/tags/main', 'refs/heads/refs/heads/main', 'refs/tags/origin/main', 'refs/replace/main'];
    for (const ref of refs) world.git(['update-ref', ref, evil]);
    expect((await store.sync()).head).toBe(head);
    expect(
      world
        .git(['--git-dir', join(dir, '.git'), 'for-each-ref', '--format=%(refname)'])
        .trim()
        .split('\n'),
    ).toEqual(['refs/custody/candidate', 'refs/custody/main', 'refs/remotes/origin/main']);
  });

  test('a whole history is judged when it is seen for the first time', async () => {
    const one = world.attack({ parents: [head], files: { [`${EVIL}/a.json`]: 'x' } });
    world.attack({ parents: [one], files: { [`${EVIL}/a.json`]: 'y' } });
    const fresh = await world.client();
    await expect(fresh.sync()).rejects.toEqual(code('HISTORY_REWRITTEN'));
    expect((await fresh.local()).head).toBe(one);
  });
});

describe('T34 nothing of a repository is run', () => {
  test('hooks and commands of a local remote and of the clone', async () => {
    const world = await createGitWorld();
    onTestFinished(() => world.close());
    const dir = await world.cloneDir();
    const store = await world.open(dir, { limits });
    const marks = { remote: join(world.root, 'remote-ran'), clone: join(world.root, 'clone-ran') };
    const config = join(world.origin, 'config');
    writeFileSync(
      config,
      `[core]\n\trepositoryformatversion = 0\n\tbare = true\n\talternateRefsCommand = touch ${marks.remote}\n`,
    );
    for (const [place, mark] of [
      [world.origin, marks.remote],
      [join(dir, '.git'), marks.clone],
    ] as const) {
      mkdirSync(join(place, 'hooks'), { recursive: true });
      for (const hook of [
        'pre-receive',
        'update',
        'post-receive',
        'post-update',
        'proc-receive',
        'reference-transaction',
        'pre-push',
        'post-checkout',
        'pre-auto-gc',
      ]) {
        writeFileSync(join(place, 'hooks', hook), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
      }
    }
    expect((await store.publish(add(`${A}/b.json`, 'b'))).pushed).toBe(true);
    await (await world.client()).sync();
    await store.sync();
    expect(existsSync(marks.clone)).toBe(false);
    expect(existsSync(marks.remote)).toBe(false);
  });

  test('variables of the caller name no program and no other repository', async () => {
    const mark = join(world.root, 'variable-ran');
    const script = `touch ${mark}`;
    const environment = {
      ...world.environment,
      GIT_DIR: '/nowhere',
      GIT_WORK_TREE: '/nowhere',
      GIT_INDEX_FILE: '/nowhere',
      GIT_OBJECT_DIRECTORY: '/nowhere',
      GIT_ALTERNATE_OBJECT_DIRECTORIES: '/nowhere',
      GIT_SSH_COMMAND: script,
      GIT_ASKPASS: script,
      GIT_EXTERNAL_DIFF: script,
      GIT_PAGER: script,
      PAGER: script,
      EDITOR: script,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.hooksPath',
      GIT_CONFIG_VALUE_0: '/nowhere',
      GIT_CONFIG_PARAMETERS: "'core.fsmonitor'='touch x'",
      GIT_ALLOW_PROTOCOL: 'ext',
    };
    const hostile = await world.open(dir, { environment });
    expect((await hostile.publish(add(`${A}/b.json`, 'b'))).pushed).toBe(true);
    expect((await hostile.sync()).head).toBe(world.head());
    expect(existsSync(mark)).toBe(false);
  });

  test('there is no work tree and no index after anything', async () => {
    await store.publish(add(`${A}/b.json`, 'b'));
    expect(readdirSync(dir)).toEqual(['.git']);
    expect(existsSync(join(dir, '.git', 'index'))).toBe(false);
  });
});
