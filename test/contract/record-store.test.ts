import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommitId, Files, RecordStore, View } from '../../src/lib/record/store.js';
import { createGitWorld } from '../support/git-world.js';
import { createMemoryRemote } from '../support/memory-record-store.js';

interface World {
  client(): Promise<RecordStore>;
  /** The remote cannot be reached until `restore`. */
  cut(): void;
  restore(): void;
  close(): void;
}

const A = 'records/r-aaaaaaaaaa';
const bytes = (text: string) => Buffer.from(text, 'utf8');
const add = (files: Record<string, string>) => async () => ({
  message: 'test',
  files: new Map(Object.entries(files).map(([path, text]) => [path, bytes(text)])),
});
const texts = (files: Files) =>
  Object.fromEntries([...files].map(([path, data]) => [path, Buffer.from(data).toString()]));
const contents = async (view: View) => texts(await view.read(await view.paths()));
const code = (expected: string) => expect.objectContaining({ code: expected });

async function memoryWorld(): Promise<World> {
  const remote = createMemoryRemote();
  return {
    client: async () => remote.client(),
    cut: () => {
      remote.unreachable = true;
    },
    restore: () => {
      remote.unreachable = false;
    },
    close: () => undefined,
  };
}

async function gitWorld(): Promise<World> {
  const { renameSync } = await import('node:fs');
  const world = await createGitWorld();
  return {
    client: () => world.client({ limits: { retries: 0 } }),
    cut: () => renameSync(world.origin, `${world.origin}.away`),
    restore: () => renameSync(`${world.origin}.away`, world.origin),
    close: world.close,
  };
}

describe.each([
  ['memory', memoryWorld],
  ['Git', gitWorld],
])('record store: %s', (_name, makeWorld) => {
  let world: World;
  let ada: RecordStore;
  let bob: RecordStore;
  beforeEach(async () => {
    world = await makeWorld();
    ada = await world.client();
    bob = await world.client();
  });
  afterEach(() => world.close());

  test('an empty repository has no head and no files', async () => {
    const view = await ada.sync();
    expect(view.head).toBeNull();
    expect(await view.paths()).toEqual([]);
    expect(await view.read([])).toEqual(new Map());
    await expect(view.read([`${A}/a.json`])).rejects.toEqual(code('NOT_FOUND'));
    expect((await ada.local()).head).toBeNull();
  });

  test('what one publishes the other reads after a sync, not before', async () => {
    const { commit, pushed } = await ada.publish(add({ [`${A}/a.json`]: '1', 'plan/1.json': '{}' }));
    expect(pushed).toBe(true);
    expect((await ada.local()).head).toBe(commit);
    expect((await bob.local()).head).toBeNull();
    const view = await bob.sync();
    expect(view.head).toBe(commit);
    expect(await contents(view)).toEqual({ [`${A}/a.json`]: '1', 'plan/1.json': '{}' });
    expect((await bob.local()).head).toBe(commit);
  });

  test('paths are sorted, folders are answered alone, bytes are kept as they are', async () => {
    const odd = Buffer.from([0, 255, 10, 13, 0]);
    await ada.publish(async () => ({
      message: 'bytes',
      files: new Map<string, Uint8Array>([
        ['records/r-bbbbbbbbbb/x.json', bytes('')],
        [`${A}/z.json`, odd],
        [`${A}/b.json`, bytes('b')],
        ['records/r-aaaaaaaaaab/b.json', bytes('not below')],
      ]),
    }));
    const view = await ada.local();
    expect(await view.paths()).toEqual([...(await view.paths())].sort());
    expect(await view.pathsUnder(`${A}/`)).toEqual([`${A}/b.json`, `${A}/z.json`]);
    expect(await view.pathsUnder('records/r-none/')).toEqual([]);
    expect(Buffer.from((await view.read([`${A}/z.json`])).get(`${A}/z.json`) ?? [])).toEqual(odd);
    expect((await view.read(['records/r-bbbbbbbbbb/x.json'])).get('records/r-bbbbbbbbbb/x.json')?.length).toBe(0);
  });

  test('a publish that lost the race is built again on the new head and loses nothing', async () => {
    await ada.publish(add({ 'plan/1.json': '{}' }));
    await bob.sync();
    const { commit: first } = await ada.publish(add({ [`${A}/a.json`]: 'ada' }));
    const heads: (CommitId | null)[] = [];
    const { commit } = await bob.publish(async (view) => {
      heads.push(view.head);
      return { message: 'bob', files: new Map([[`${A}/b.json`, bytes(String((await view.paths()).length))]]) };
    });
    expect(heads.at(-1)).toBe(first);
    expect(heads).toHaveLength(2);
    expect(await contents(await ada.sync())).toEqual({
      'plan/1.json': '{}',
      [`${A}/a.json`]: 'ada',
      [`${A}/b.json`]: '2',
    });
    expect(await ada.history(commit)).toHaveLength(3);
  });

  test('a file that exists is published again only with the same bytes', async () => {
    const { commit } = await ada.publish(add({ [`${A}/a.json`]: '1' }));
    await expect(ada.publish(add({ [`${A}/a.json`]: '2' }))).rejects.toEqual(code('CONFLICT'));
    expect(await ada.publish(add({ [`${A}/a.json`]: '1' }))).toEqual({ commit, pushed: true });
    await expect(bob.publish(add({ [`${A}/a.json`]: '2' }))).rejects.toEqual(code('CONFLICT'));
  });

  test.each([
    'custody.yaml',
    '.gitattributes',
    'records/../plan/1.json',
    'records/r-aaaaaaaaaa/A.json',
    'records/r-aaaaaaaaaa/deep/a.json',
    'plan/01.json',
    'plan/x.json',
    'ledger/0/0.json',
    '/etc/passwd',
    'records/r-aaaaaaaaaa/a.json\nM 100755 inline x',
  ])('a path that others would refuse is not published: %j', async (path) => {
    await expect(ada.publish(add({ [path]: 'x' }))).rejects.toEqual(code('TREE_MALFORMED'));
    expect((await bob.sync()).head).toBeNull();
  });

  test('a file over 1 MiB is not published', async () => {
    const files = new Map([[`${A}/a.json`, new Uint8Array(1024 * 1024 + 1)]]);
    await expect(ada.publish(async () => ({ message: 'big', files }))).rejects.toEqual(code('TREE_MALFORMED'));
  });

  test('nothing to publish is a bug of the caller in an empty repository', async () => {
    await expect(ada.publish(add({}))).rejects.toEqual(code('BUG'));
  });

  test('T59 onlyOn publishes on exactly that head or not at all', async () => {
    const { commit: head } = await ada.publish(add({ 'plan/1.json': '{}' }));
    await bob.sync();
    const one = ada.publish(add({ [`${A}/intent.json`]: 'ada' }), { onlyOn: head });
    await one;
    let built = 0;
    const two = bob.publish(
      async () => {
        built++;
        return { message: 'intent', files: new Map([[`${A}/intent.json`, bytes('bob')]]) };
      },
      { onlyOn: head },
    );
    await expect(two).rejects.toEqual(code('CONFLICT'));
    expect(built).toBe(1);
    expect(texts(await (await bob.sync()).read([`${A}/intent.json`]))).toEqual({ [`${A}/intent.json`]: 'ada' });
    await expect(bob.publish(add({ [`${A}/x.json`]: 'x' }), { onlyOn: head })).rejects.toEqual(code('CONFLICT'));
  });

  test('offline: sync and publish say so; local reading goes on', async () => {
    await ada.publish(add({ 'plan/1.json': '{}' }));
    world.cut();
    await expect(ada.sync()).rejects.toEqual(code('REMOTE_UNREACHABLE'));
    await expect(ada.publish(add({ [`${A}/a.json`]: '1' }))).rejects.toEqual(code('REMOTE_UNREACHABLE'));
    expect(await ada.outbox()).toEqual(new Map());
    expect(await contents(await ada.local())).toEqual({ 'plan/1.json': '{}' });
  });

  test('offline with mayWait: records wait in the outbox, links of the ledger do not', async () => {
    await ada.publish(add({ 'plan/1.json': '{}' }));
    world.cut();
    const build = add({ [`${A}/a.json`]: '1', 'ledger/000000/000000000.json': '{}' });
    expect(await ada.publish(build, { mayWait: true })).toMatchObject({ pushed: false });
    expect(await ada.publish(add({ [`${A}/b.json`]: '2' }), { mayWait: true })).toMatchObject({ pushed: false });
    expect(texts(await ada.outbox())).toEqual({ [`${A}/a.json`]: '1', [`${A}/b.json`]: '2' });
    expect(await contents(await ada.local())).toEqual({ 'plan/1.json': '{}' });
    world.restore();
    await ada.sync();
    expect(texts(await ada.outbox())).toEqual({ [`${A}/a.json`]: '1', [`${A}/b.json`]: '2' });
    await ada.publish(async () => ({ message: 'later', files: await ada.outbox() }));
    expect(await ada.outbox()).toEqual(new Map());
    expect(await contents(await bob.sync())).toEqual({
      'plan/1.json': '{}',
      [`${A}/a.json`]: '1',
      [`${A}/b.json`]: '2',
    });
  });

  test('only a part of the outbox that was published leaves it', async () => {
    world.cut();
    await ada.publish(add({ [`${A}/a.json`]: '1', [`${A}/b.json`]: '2' }), { mayWait: true });
    world.restore();
    await ada.publish(add({ [`${A}/a.json`]: '1' }));
    expect(texts(await ada.outbox())).toEqual({ [`${A}/b.json`]: '2' });
  });

  test('offline with mayWait but nothing that can wait is refused', async () => {
    world.cut();
    const offline = ada.publish(add({ 'plan/1.json': '{}' }), { mayWait: true });
    await expect(offline).rejects.toEqual(code('REMOTE_UNREACHABLE'));
  });

  test('older commits are read by id; only those of this line', async () => {
    const { commit: first } = await ada.publish(add({ [`${A}/a.json`]: '1' }));
    const { commit: second } = await ada.publish(add({ [`${A}/b.json`]: '2', 'records/r-bbbbbbbbbb/c.json': '3' }));
    expect(await contents(await ada.at(first))).toEqual({ [`${A}/a.json`]: '1' });
    expect(await ada.history(second)).toEqual([first, second]);
    expect(await ada.history(first)).toEqual([first]);
    const nowhere = 'f'.repeat(40) as CommitId;
    await expect(ada.at(nowhere)).rejects.toEqual(code('NOT_FOUND'));
    await expect(ada.history(nowhere)).rejects.toEqual(code('NOT_FOUND'));
    await expect(ada.at('--all' as CommitId)).rejects.toEqual(code('NOT_FOUND'));
    const answers = await ada.foldersAt([
      { commit: second, folder: A },
      { commit: nowhere, folder: A },
      { commit: first, folder: A },
      { commit: first, folder: 'records/r-bbbbbbbbbb' },
      { commit: second, folder: 'records' },
      { commit: second, folder: A },
    ]);
    expect(answers).toEqual([
      new Set(['a.json', 'b.json']),
      null,
      new Set(['a.json']),
      new Set(),
      new Set(),
      new Set(['a.json', 'b.json']),
    ]);
    expect(await bob.foldersAt([{ commit: first, folder: A }])).toEqual([null]);
  });

  test('an error of the build is passed on and nothing is published', async () => {
    const broken = ada.publish(async () => {
      throw new TypeError('mine');
    });
    await expect(broken).rejects.toThrow('mine');
    expect((await bob.sync()).head).toBeNull();
    await ada.publish(add({ 'plan/1.json': '{}' }));
  });

  const BACKUP = 'backups/111122223333/eu-central-1/1234abcd-12ab-34cd-56ef-1234567890ab';

  test('below backups/ files may change and go; elsewhere nothing does', async () => {
    await ada.publish(add({ [`${A}/a.json`]: '1', [`${BACKUP}/key.json`]: '1', [`${BACKUP}/tags.json`]: '1' }));
    const files = new Map([['backups/SHA256SUMS', bytes('list')]]);
    const stage = await ada.stage();
    const staged = new Map([[`${BACKUP}/key.json`, await stage.put(bytes('2'))]]);
    await stage.end();
    const removed = [`${BACKUP}/tags.json`, `${BACKUP}/none.json`];
    await ada.publish(async () => ({ message: 'backup', files, staged, removed }));
    expect(await contents(await bob.sync())).toEqual({
      [`${A}/a.json`]: '1',
      [`${BACKUP}/key.json`]: '2',
      'backups/SHA256SUMS': 'list',
    });
    const gone = ada.publish(async () => ({ message: 'x', files: new Map(), removed: [`${A}/a.json`] }));
    await expect(gone).rejects.toEqual(code('CONFLICT'));
    const other = new Map([[`${A}/a.json`, staged.get(`${BACKUP}/key.json`) as never]]);
    const over = ada.publish(async () => ({ message: 'x', files: new Map(), staged: other }));
    await expect(over).rejects.toEqual(code('CONFLICT'));
  });

  test('what each commit did below a folder, and the bytes of it', async () => {
    await ada.publish(add({ [`${BACKUP}/key.json`]: 'one', 'plan/1.json': '{}' }));
    await ada.publish(add({ [`${A}/a.json`]: '1' }));
    const { commit } = await ada.publish(async () => ({
      message: 'backup',
      files: new Map([['backups/SHA256SUMS', bytes('')]]),
      removed: [`${BACKUP}/key.json`],
    }));
    const changes = await ada.changesUnder(commit, ['backups', 'plan']);
    expect(changes.map(({ files }) => files.map(({ path, blob }) => [path, blob !== null]).sort())).toEqual([
      [
        [`${BACKUP}/key.json`, true],
        ['plan/1.json', true],
      ],
      [
        [`${BACKUP}/key.json`, false],
        ['backups/SHA256SUMS', true],
      ],
    ]);
    expect(changes[1]?.commit).toBe(commit);
    const ids = changes.flatMap(({ files }) => files.flatMap(({ blob }) => (blob === null ? [] : [blob])));
    const read: string[] = [];
    await ada.readBlobs(ids, (_, data) => read.push(Buffer.from(data).toString()));
    expect(read.sort()).toEqual(['', 'one', '{}']);
    await expect(ada.readBlobs(['f'.repeat(40) as never], () => undefined)).rejects.toEqual(code('TREE_MALFORMED'));
    await expect(ada.changesUnder('f'.repeat(40) as CommitId, ['backups'])).rejects.toEqual(code('NOT_FOUND'));
  });
});
