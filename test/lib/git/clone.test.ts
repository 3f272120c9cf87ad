import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClone, createOrigin, finishClone, openClone } from '../../../src/lib/git/clone.js';

const environment = { PATH: process.env.PATH, HOME: '/nonexistent' };
const code = (expected: string) => expect.objectContaining({ code: expected });
let root: string;
let dir: string;
let config: string;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'custody-clone-'));
  dir = join(root, 'ada');
  config = join(dir, '.git', 'config');
  await createClone(dir, 'https://git.example.org/custody.git', environment);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a clone', () => {
  test('is opened as it was made', async () => {
    const clone = await openClone(dir, environment);
    expect(clone).toEqual({
      dir,
      gitDir: join(dir, '.git'),
      remote: { text: 'https://git.example.org/custody.git', path: null },
    });
    expect(existsSync(join(dir, '.git', 'hooks'))).toBe(false);
  });

  test('is not made twice, nor where a .git is', async () => {
    await finishClone({ gitDir: join(dir, '.git') });
    await expect(createClone(dir, '/srv/x', environment)).rejects.toEqual(code('REPOSITORY_EXISTS'));
  });

  test('is made anew while it is not finished, and not once it is pinned', async () => {
    const again = await createClone(dir, '/srv/x', environment);
    expect(again.remote.text).toBe('/srv/x');
    writeFileSync(join(dir, '.git', 'custody.json'), '{}');
    await expect(createClone(dir, '/srv/y', environment)).rejects.toEqual(code('REPOSITORY_EXISTS'));
    expect(existsSync(join(dir, '.git', 'custody.json'))).toBe(true);
  });

  test('is made where an empty .git is, not where somebody else’s is', async () => {
    for (const name of ['carol', 'dan']) mkdirSync(join(root, name, '.git'), { recursive: true });
    await createClone(join(root, 'carol'), '/srv/x', environment);
    writeFileSync(join(root, 'dan', '.git', 'HEAD'), 'ref: refs/heads/main\n');
    await expect(createClone(join(root, 'dan'), '/srv/x', environment)).rejects.toEqual(code('REPOSITORY_EXISTS'));
    expect(existsSync(join(root, 'dan', '.git', 'HEAD'))).toBe(true);
  });

  test('is not made of an unsafe address, and then nothing is left behind', async () => {
    const other = join(root, 'bob');
    await expect(createClone(other, 'ext::sh -c x', environment)).rejects.toEqual(code('USAGE'));
    expect(existsSync(other)).toBe(false);
  });

  test('keeps an address with blanks, quotes and backslashes as it is', async () => {
    const url = '/srv/our "keys" \\ #1;/custody.git';
    expect((await createClone(join(root, 'eve'), url, environment)).remote).toEqual({ text: url, path: url });
  });

  test('is not found where there is none', async () => {
    await expect(openClone(root, environment)).rejects.toEqual(code('REPOSITORY_NOT_FOUND'));
  });

  test('may name its user', async () => {
    appendFileSync(config, '[user]\n\tname = Ada\n\temail = ada@example.org\n');
    await expect(openClone(dir, environment)).resolves.toBeDefined();
  });
});

describe('T34 a clone whose configuration was changed is refused', () => {
  test.each([
    ['core.sshcommand', '[core]\n\tsshCommand = touch x\n'],
    ['core.hookspath', '[core]\n\thooksPath = hooks\n'],
    ['core.fsmonitor', '[core]\n\tfsmonitor = touch x\n'],
    ['core.pager', '[core]\n\tpager = touch x\n'],
    ['core.editor', '[core]\n\teditor = touch x\n'],
    ['core.gitproxy', '[core]\n\tgitProxy = touch x\n'],
    ['core.alternaterefscommand', '[core]\n\talternateRefsCommand = touch x\n'],
    ['core.worktree', '[core]\n\tworktree = /\n'],
    ['core.bare', '[core]\n\tbare = false\n'],
    ['alias.fetch', '[alias]\n\tfetch = !touch x\n'],
    ['filter.x.smudge', '[filter "x"]\n\tsmudge = touch x\n'],
    ['include.path', '[include]\n\tpath = evil\n'],
    ['includeif.gitdir:/.path', '[includeIf "gitdir:/"]\n\tpath = evil\n'],
    ['url.ext::sh.insteadof', '[url "ext::sh"]\n\tinsteadOf = https\n'],
    ['remote.origin.uploadpack', '[remote "origin"]\n\tuploadpack = touch x\n'],
    ['remote.origin.receivepack', '[remote "origin"]\n\treceivepack = touch x\n'],
    ['remote.origin.vcs', '[remote "origin"]\n\tvcs = ext\n'],
    ['remote.origin.proxy', '[remote "origin"]\n\tproxy = http://evil\n'],
    ['remote.origin.pushurl', '[remote "origin"]\n\tpushurl = /evil\n'],
    ['remote.origin.mirror', '[remote "origin"]\n\tmirror = true\n'],
    ['remote.origin.promisor', '[remote "origin"]\n\tpromisor = true\n'],
    ['remote.origin.url', '[remote "origin"]\n\turl = /evil\n'],
    ['remote.origin.fetch', '[remote "origin"]\n\tfetch = +refs/*:refs/*\n'],
    ['remote.evil.url', '[remote "evil"]\n\turl = /evil\n'],
    ['http.proxy', '[http]\n\tproxy = http://evil\n'],
    ['http.sslverify', '[http]\n\tsslVerify = false\n'],
    ['http.https://x.sslverify', '[http "https://x"]\n\tsslVerify = false\n'],
    ['credential.helper', '[credential]\n\thelper = !touch x\n'],
    ['protocol.ext.allow', '[protocol "ext"]\n\tallow = always\n'],
    ['protocol.allow', '[protocol]\n\tallow = always\n'],
    ['gpg.program', '[gpg]\n\tprogram = touch x\n'],
    ['diff.external', '[diff]\n\texternal = touch x\n'],
    ['uploadpack.packobjectshook', '[uploadpack]\n\tpackObjectsHook = touch x\n'],
    ['extensions.worktreeconfig', '[extensions]\n\tworktreeConfig = true\n'],
    ['extensions.partialclone', '[extensions]\n\tpartialClone = origin\n'],
    ['transfer.fsckobjects', '[transfer]\n\tfsckObjects = false\n'],
    ['fetch.fsck.hasdotgit', '[fetch "fsck"]\n\thasDotgit = ignore\n'],
    ['submodule.recurse', '[submodule]\n\trecurse = true\n'],
  ])('%s', async (key, lines) => {
    appendFileSync(config, lines);
    const failure = await openClone(dir, environment).catch((cause: unknown) => cause);
    expect(failure).toEqual(code('CLONE_UNSAFE'));
    expect(String(failure)).toContain(key);
  });

  test('every fault is listed at once', async () => {
    appendFileSync(config, '[alias]\n\tx = y\n[core]\n\tpager = z\n');
    await expect(openClone(dir, environment)).rejects.toMatchObject({
      details: { faults: ['"alias.x" is set', '"core.pager" is set'] },
    });
  });

  test('a setting that was taken away', async () => {
    const lines = readFileSync(config, 'utf8');
    writeFileSync(config, lines.replace(/.*hookspath.*\n/i, ''));
    await expect(openClone(dir, environment)).rejects.toThrow(/core.hookspath is missing/);
  });

  test('a clone that plain Git made', async () => {
    writeFileSync(config, '[core]\n\trepositoryformatversion = 0\n[remote "origin"]\n\turl = /srv/x\n');
    await expect(openClone(dir, environment)).rejects.toEqual(code('CLONE_UNSAFE'));
  });

  test('a configuration that cannot be read', async () => {
    writeFileSync(config, '[core\n');
    await expect(openClone(dir, environment)).rejects.toEqual(code('CLONE_UNSAFE'));
  });

  test('an address that was changed into a helper', async () => {
    const lines = readFileSync(config, 'utf8');
    writeFileSync(config, lines.replace('https://git.example.org/custody.git', 'ext::sh -c x'));
    await expect(openClone(dir, environment)).rejects.toEqual(code('CLONE_UNSAFE'));
  });
});

describe('T33 a clone that takes objects or history from elsewhere is refused', () => {
  test.each([
    'commondir',
    'config.worktree',
    'shallow',
    'info/grafts',
    'objects/info/alternates',
    'objects/info/http-alternates',
  ])('.git/%s', async (name) => {
    const path = join(dir, '.git', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
    await expect(openClone(dir, environment)).rejects.toEqual(code('CLONE_UNSAFE'));
  });

  test('.git as a file or a link, config as a link', async () => {
    const moved = join(root, 'moved');
    renameSync(join(dir, '.git'), moved);
    writeFileSync(join(dir, '.git'), `gitdir: ${moved}\n`);
    await expect(openClone(dir, environment)).rejects.toEqual(code('CLONE_UNSAFE'));
    rmSync(join(dir, '.git'));
    symlinkSync(moved, join(dir, '.git'));
    await expect(openClone(dir, environment)).rejects.toEqual(code('CLONE_UNSAFE'));
    rmSync(join(dir, '.git'));
    renameSync(moved, join(dir, '.git'));
    renameSync(config, join(root, 'config'));
    symlinkSync(join(root, 'config'), config);
    await expect(openClone(dir, environment)).rejects.toEqual(code('CLONE_UNSAFE'));
  });
});

describe('an origin', () => {
  test('is made in an empty folder only', async () => {
    const origin = await createOrigin(join(root, 'origin.git'), environment);
    expect(readFileSync(join(origin, 'HEAD'), 'utf8')).toBe('ref: refs/heads/main\n');
    await expect(createOrigin(origin, environment)).rejects.toEqual(code('REPOSITORY_EXISTS'));
  });

  test('is made anew where it was cut off, never where it has a branch', async () => {
    const origin = join(root, 'origin.git');
    mkdirSync(join(origin, 'objects'), { recursive: true });
    writeFileSync(join(origin, 'custody.unfinished'), '');
    await createOrigin(origin, environment);
    expect(existsSync(join(origin, 'custody.unfinished'))).toBe(false);
    mkdirSync(join(origin, 'refs', 'heads'), { recursive: true });
    writeFileSync(join(origin, 'refs', 'heads', 'main'), `${'1'.repeat(40)}\n`);
    writeFileSync(join(origin, 'custody.unfinished'), '');
    await expect(createOrigin(origin, environment)).rejects.toEqual(code('REPOSITORY_EXISTS'));
  });
});
