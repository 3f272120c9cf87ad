import { existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClone } from '../../../src/lib/git/clone.js';
import type { Files, RecordStore, View } from '../../../src/lib/record/store.js';
import { createFaultyGit, type FaultyGit } from '../../support/faulty-git.js';
import { createGitWorld, type GitWorld, realClock } from '../../support/git-world.js';

const A = 'records/r-aaaaaaaaaa';
const code = (expected: string) => expect.objectContaining({ code: expected });
const add =
  (...paths: string[]) =>
  async () => ({ message: 'test', files: new Map(paths.map((path) => [path, Buffer.from(path)])) });
const texts = (files: Files) => [...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]);

let world: GitWorld;
beforeEach(async () => {
  world = await createGitWorld();
});
afterEach(() => world.close());

/** Every path that a commit of main added, so that one added twice would show twice. */
function addedPaths(): string[] {
  const log = world.git(['log', '--format=', '--name-only', '--no-renames', 'refs/heads/main']);
  return log
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

describe('many writers', () => {
  test('8 custodians publish at once: nothing is lost, every link is built on what it names', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => world.client()));
    // A number per commit, as the ledger has one: derived from the view, so a stale view would collide.
    const build = (writer: number, turn: number) => async (view: View) => {
      const count = (await view.pathsUnder('ledger/')).length;
      return {
        message: `writer ${writer}`,
        files: new Map([
          [`${A}/w${writer}-${turn}.json`, Buffer.from('x')],
          [`ledger/000000/${String(count).padStart(9, '0')}.json`, Buffer.from(`${writer}-${turn}`)],
        ]),
      };
    };
    await Promise.all(
      stores.map(async (store, writer) => {
        for (let turn = 0; turn < 2; turn++) await store.publish(build(writer, turn));
      }),
    );
    const [first] = stores;
    const view = await first?.sync();
    expect(await view?.pathsUnder('records/')).toHaveLength(16);
    expect(await view?.pathsUnder('ledger/')).toHaveLength(16);
    expect(world.git(['rev-list', '--count', 'refs/heads/main']).trim()).toBe('16');
    expect(world.git(['rev-list', '--min-parents=2', 'refs/heads/main'])).toBe('');
  }, 120_000);

  test('processes in one folder take turns', async () => {
    const dir = await world.cloneDir();
    const stores = await Promise.all(Array.from({ length: 4 }, () => world.open(dir)));
    await Promise.all(stores.map((store, at) => store.publish(add(`${A}/w${at}.json`))));
    expect(addedPaths()).toHaveLength(4);
  });

  describe('locks that a killed git left behind', () => {
    const LOCKS = [
      'refs/custody/main.lock',
      'refs/custody/outbox.lock',
      'refs/remotes/origin/main.lock',
      'packed-refs.lock',
    ];

    test('are taken away when they are old', async () => {
      const dir = await world.cloneDir();
      const store = await world.open(dir, { limits: { retries: 0 } });
      await store.publish(add(`${A}/a.json`));
      const other = await world.client();
      await other.publish(add(`${A}/b.json`));
      const old = Date.now() / 1000 - 60;
      for (const lock of LOCKS) {
        writeFileSync(join(dir, '.git', lock), '');
        utimesSync(join(dir, '.git', lock), old, old);
      }
      await store.sync();
      expect((await store.publish(add(`${A}/c.json`))).pushed).toBe(true);
      expect(addedPaths()).toEqual(['a', 'b', 'c'].map((name) => `${A}/${name}.json`));
    });

    test('are left alone while they may be in use', async () => {
      const dir = await world.cloneDir();
      const store = await world.open(dir, { limits: { retries: 0 } });
      await store.publish(add(`${A}/a.json`));
      await (await world.client()).publish(add(`${A}/b.json`));
      const path = join(dir, '.git', 'refs/custody/main.lock');
      writeFileSync(path, '');
      await expect(store.sync()).rejects.toEqual(code('CONFLICT'));
      expect(existsSync(path)).toBe(true);
    });
  });

  describe('a lock that a crashed git left in the upstream', () => {
    const lockPath = () => join(world.origin, 'refs/heads/main.lock');
    const lock = (ageSeconds: number) => {
      writeFileSync(lockPath(), '');
      const then = Date.now() / 1000 - ageSeconds;
      utimesSync(lockPath(), then, then);
    };

    test('is named at once when it is old, and is left to people', async () => {
      const store = await world.client({ limits: { retries: 0 } });
      await store.publish(add(`${A}/a.json`));
      const before = world.head();
      lock(60);
      const started = performance.now();
      const refused = await store.publish(add(`${A}/b.json`)).catch((cause: unknown) => cause);
      expect(performance.now() - started).toBeLessThan(10_000);
      expect(refused).toMatchObject({ code: 'LOCKED', exit: 6, details: { file: lockPath() } });
      expect(String((refused as Error).message)).toContain('refs/heads/main.lock');
      expect((refused as { suggestions: readonly string[] }).suggestions.join()).toMatch(/crashed.*delete the file/s);
      expect([world.head(), existsSync(lockPath())]).toEqual([before, true]);
      rmSync(lockPath());
      expect((await store.publish(add(`${A}/b.json`))).pushed).toBe(true);
      expect(addedPaths()).toEqual([`${A}/a.json`, `${A}/b.json`]);
    });

    test('is waited for while it may be in use', async () => {
      const store = await world.client();
      lock(0);
      const told: string[] = [];
      const onProgress = (text: string) => {
        if (!/locked/.test(text)) return;
        told.push(text);
        rmSync(lockPath(), { force: true });
      };
      expect((await store.publish(add(`${A}/a.json`), { onProgress })).pushed).toBe(true);
      expect(told).toHaveLength(1);
      expect(told[0]).toContain('main.lock');
    });

    test('is told when it only stays, whatever its date says, long before the deadline', async () => {
      const store = await world.client({ limits: { lockMillis: 700, deadlineMillis: 60_000 }, random: () => 0.2 });
      lock(-86_400);
      const started = performance.now();
      await expect(store.publish(add(`${A}/a.json`))).rejects.toEqual(code('LOCKED'));
      expect(performance.now() - started).toBeLessThan(20_000);
      expect(world.head()).toBeNull();
    });
  });

  test('who waits for another process in the folder is told so; a dead one is not waited for', async () => {
    const dir = await world.cloneDir();
    const slow = await world.open(dir);
    const told: string[] = [];
    const first = slow.publish(async () => {
      await wait(1_500);
      return add(`${A}/slow.json`)();
    });
    await wait(200);
    await (await world.open(dir)).sync({ onProgress: (text) => told.push(text) });
    await first;
    expect(told).toContain('waiting for another custody process in this folder');
    writeFileSync(join(dir, '.git', 'custody.lock'), JSON.stringify({ pid: 2 ** 22 - 3, started: '1', token: 'dead' }));
    expect((await slow.publish(add(`${A}/next.json`))).pushed).toBe(true);
  });

  test('a head that never stops moving ends in CONFLICT at the deadline', async () => {
    const rival = await world.client();
    let turn = 0;
    const store = await world.client({ limits: { deadlineMillis: 3000 } });
    const publishing = store.publish(async () => {
      await rival.publish(add(`records/r-bbbbbbbbbb/${turn++}.json`));
      return add(`${A}/a.json`)();
    });
    await expect(publishing).rejects.toEqual(code('CONFLICT'));
    expect(addedPaths()).not.toContain(`${A}/a.json`);
    expect(turn).toBeGreaterThan(1);
  });
});

describe('T51 faults', () => {
  let faulty: FaultyGit;
  let dir: string;
  const open = () =>
    world.open(dir, { environment: { ...world.environment, PATH: faulty.path }, limits: { retries: 0 } });
  let store: RecordStore;

  beforeEach(async () => {
    faulty = createFaultyGit(world.root);
    dir = await world.cloneDir();
    await (await open()).publish(add('plan/1.json'));
    // One that has started no git yet, so that a fault strikes what starts.
    store = await open();
  });

  const writes = ['fast-import', 'push', 'update-ref', 'fetch', 'ls-tree'];
  const after = writes.map((command) => [command, 'fails after'] as const);
  // One that stays has no end to fail after; cat-file.test.ts kills it between its answers.
  test.each([...[...writes, 'cat-file'].map((command) => [command, 'fails'] as const), ...after])(
    'git %s %s: the re-run completes, nothing is written twice',
    async (command, fault) => {
      await (await world.client()).publish(add('roster/1.json'));
      faulty.arm(command, fault);
      const files = new Map([...(await add(`${A}/a.json`)()).files, ...(await add('plan/1.json')()).files]);
      const build = async () => ({ message: 'a', files });
      const outcome = await store.publish(build).catch((cause: unknown) => cause);
      expect(faulty.armed()).toBe(false);
      // A new process over what the first one left.
      const again = await open();
      await again.sync();
      expect((await again.publish(build)).pushed).toBe(true);
      expect(addedPaths()).toEqual(['plan/1.json', `${A}/a.json`, 'roster/1.json']);
      expect(texts(await (await again.local()).read([`${A}/a.json`]))).toEqual([[`${A}/a.json`, `${A}/a.json`]]);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ exit: 5 });
    },
  );

  test.each(['fails', 'fails after'] as const)(
    'git for-each-ref %s in a new clone: the re-run completes',
    async (fault) => {
      dir = await world.cloneDir();
      faulty.arm('for-each-ref', fault);
      await expect((await open()).sync()).rejects.toMatchObject({ exit: 5 });
      expect(faulty.armed()).toBe(false);
      expect(await (await (await open()).sync()).paths()).toEqual(['plan/1.json']);
    },
  );

  test('a push whose answer was lost is found at the remote, not pushed again', async () => {
    faulty.arm('push', 'fails after');
    const before = faulty.count('push');
    const { commit, pushed } = await store.publish(add(`${A}/a.json`));
    expect(pushed).toBe(true);
    expect(commit).toBe(world.head());
    expect(faulty.count('push') - before).toBe(1);
    expect((await store.local()).head).toBe(commit);
  });

  test('T59 an intent whose answer was lost is ours, not a CONFLICT', async () => {
    const { head } = await store.sync();
    faulty.arm('push', 'fails after');
    const published = await store.publish(add(`${A}/intent.json`), head === null ? {} : { onlyOn: head });
    expect(published).toEqual({ commit: world.head(), pushed: true });
  });

  test('an answer that was lost while another one pushed is found below the new head', async () => {
    const rival = await world.client();
    const environment = { ...world.environment, PATH: faulty.path };
    // The first look after the lost answer fails too; the rival pushes before the second.
    const sleep = async () => {
      await rival.publish(add('records/r-bbbbbbbbbb/b.json'));
    };
    const slow = await world.open(dir, { environment, clock: { ...realClock, sleep }, limits: { retries: 2 } });
    faulty.arm('push', 'fails after', 'fetch', 'fails');
    const { commit, pushed } = await slow.publish(add(`${A}/a.json`));
    expect(pushed).toBe(true);
    expect(commit).not.toBe(world.head());
    expect(world.git(['rev-parse', 'refs/heads/main^']).trim()).toBe(commit);
    expect(addedPaths()).toEqual(['plan/1.json', `${A}/a.json`, 'records/r-bbbbbbbbbb/b.json']);
  });

  test.each(['push', 'fetch', 'fast-import', 'update-ref'])(
    'offline and git %s fails: nothing that waits is lost',
    async (command) => {
      await store.publish(add(`${A}/sent.json`));
      world.git(['config', '--file', join(world.origin, 'config'), 'core.repositoryformatversion', '99']);
      faulty.arm(command, 'fails');
      const first = await store.publish(add(`${A}/a.json`), { mayWait: true }).catch((cause: unknown) => cause);
      const again = await open();
      if (first instanceof Error) await again.publish(add(`${A}/a.json`), { mayWait: true });
      expect(texts(await again.outbox())).toEqual([[`${A}/a.json`, `${A}/a.json`]]);
      world.git(['config', '--file', join(world.origin, 'config'), 'core.repositoryformatversion', '0']);
      await again.publish(async () => ({ message: 'later', files: await again.outbox() }));
      expect(addedPaths()).toEqual(['plan/1.json', `${A}/a.json`, `${A}/sent.json`]);
      expect(await again.outbox()).toEqual(new Map());
    },
  );

  test('records that had landed before the line was cut leave the outbox at the next sync', async () => {
    faulty.arm('push', 'fails after', 'fetch', 'fails');
    const { pushed } = await store.publish(add(`${A}/a.json`), { mayWait: true });
    expect(pushed).toBe(false);
    expect(addedPaths()).toContain(`${A}/a.json`);
    expect(texts(await store.outbox())).toHaveLength(1);
    await store.sync();
    expect(await store.outbox()).toEqual(new Map());
  });
});

describe('a remote that does not answer', () => {
  test('hangs: TIMEOUT within the limit, and records can wait', async () => {
    const sockets = new Set<{ destroy(): void }>();
    const server = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const dir = join(world.root, 'hanging');
    await createClone(dir, `https://127.0.0.1:${port}/custody.git`, world.environment);
    const store = await world.open(dir, { limits: { silenceMillis: 300, retries: 0 } });
    const started = performance.now();
    await expect(store.sync()).rejects.toEqual(code('TIMEOUT'));
    const waiting = await store.publish(add(`${A}/a.json`), { mayWait: true });
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(waiting.pushed).toBe(false);
    expect(texts(await store.outbox())).toHaveLength(1);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  test('refuses the connection: tried again with jitter, told, then REMOTE_UNREACHABLE', async () => {
    const dir = join(world.root, 'refusing');
    await createClone(dir, 'https://127.0.0.1:1/custody.git', world.environment);
    const slept: number[] = [];
    const clock = { ...realClock, sleep: async (millis: number) => void slept.push(millis) };
    const store = await world.open(dir, { clock, random: () => 0.5, limits: { retries: 3 } });
    const told: string[] = [];
    await expect(store.sync({ onProgress: (text) => told.push(text) })).rejects.toEqual(code('REMOTE_UNREACHABLE'));
    expect(slept).toEqual([250, 500, 1000]);
    expect(told).toHaveLength(3);
  });

  test('there is no git: UNAVAILABLE, not a crash', async () => {
    const dir = await world.cloneDir();
    await expect(world.open(dir, { environment: { PATH: '/nonexistent' } })).rejects.toEqual(code('UNAVAILABLE'));
  });
});
