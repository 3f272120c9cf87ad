import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createObjectDirectory } from '../../src/lib/fs/object-directory.js';
import { MAX_OBJECT_BYTES, type ObjectStore } from '../../src/lib/ledger/objects.js';
import { createMemoryObjects } from '../support/memory-objects.js';
import { createS3Double } from '../support/s3-double.js';
import { openS3Objects } from '../support/s3-world.js';

interface World {
  /** Another process's way to the same objects. */
  store(): Promise<ObjectStore>;
  close(): void;
}

async function memoryWorld(): Promise<World> {
  const objects = createMemoryObjects();
  return { store: async () => objects, close: () => undefined };
}

async function directoryWorld(): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'custody-objects-'));
  return {
    store: async () => createObjectDirectory(join(dir, 'deep', 'er')),
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Pages of three: every list of more goes over several. */
async function s3World(): Promise<World> {
  const { requestHandler } = createS3Double(3);
  return {
    store: () => openS3Objects({ endpointUrl: 'http://127.0.0.1:4599', requestHandler }),
    close: () => undefined,
  };
}

const bytes = (text: string) => Buffer.from(text, 'utf8');
const code = (expected: string) => expect.objectContaining({ code: expected });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe.each([
  ['memory', memoryWorld],
  ['directory', directoryWorld],
  ['S3', s3World],
])('object store: %s', (_name, makeWorld) => {
  let world: World;
  let ada: ObjectStore;
  let bob: ObjectStore;
  beforeEach(async () => {
    world = await makeWorld();
    ada = await world.store();
    bob = await world.store();
  });
  afterEach(() => world.close());

  test('is empty at first', async () => {
    expect(await ada.read('slots/000000000')).toBeNull();
    expect(await all(ada.list(''))).toEqual([]);
    expect(await all(ada.histories(''))).toEqual([]);
  });

  test('gives back what was created, to another process as well', async () => {
    const odd = Uint8Array.from({ length: 70_000 }, (_, at) => at % 256);
    expect(await ada.create('bundles/aa', odd)).toBe('created');
    expect(Buffer.from((await bob.read('bundles/aa')) ?? [])).toEqual(Buffer.from(odd));
    expect(await ada.create('empty', bytes(''))).toBe('created');
    expect(await bob.read('empty')).toHaveLength(0);
  });

  test('leaves a taken name as it is, whatever the bytes', async () => {
    await ada.create('slots/000000000', bytes('one'));
    expect(await bob.create('slots/000000000', bytes('two'))).toBe('exists');
    expect(await ada.create('slots/000000000', bytes('one'))).toBe('exists');
    expect(Buffer.from((await bob.read('slots/000000000')) ?? []).toString()).toBe('one');
  });

  test('T41 of 16 writers of one name one creates it', async () => {
    const stores = await Promise.all(Array.from({ length: 16 }, () => world.store()));
    const answers = await Promise.all(
      stores.map((store, at) => store.create('slots/000000007', bytes(`writer ${at}`))),
    );
    expect(answers.filter((answer) => answer === 'created')).toHaveLength(1);
    const winner = answers.indexOf('created');
    expect(Buffer.from((await bob.read('slots/000000007')) ?? []).toString()).toBe(`writer ${winner}`);
  });

  test('lists names by their bytes, below a prefix that may end anywhere, after a name', async () => {
    const names = [
      'a/b',
      'a.b',
      'a-b',
      'a/b.c',
      'ab',
      'slots/000000000',
      'slots/000000001',
      'slots/000000010',
      'a/b-c',
    ];
    for (const name of names) await ada.create(name.endsWith('/b') ? 'a/b/c' : name, bytes(name));
    const stored = names.map((name) => (name === 'a/b' ? 'a/b/c' : name)).sort();
    expect(await all(bob.list(''))).toEqual(stored);
    expect(await all(bob.list('a'))).toEqual(stored.filter((name) => name.startsWith('a')));
    expect(await all(bob.list('a/b'))).toEqual(['a/b-c', 'a/b.c', 'a/b/c']);
    expect(await all(bob.list('slots/', 'slots/000000000'))).toEqual(['slots/000000001', 'slots/000000010']);
    expect(await all(bob.list('slots/00000001'))).toEqual(['slots/000000010']);
    expect(await all(bob.list('slots/', 'slots/000000010'))).toEqual([]);
    expect(await all(bob.list('nowhere/'))).toEqual([]);
  });

  test('tells one version of each and no marker', async () => {
    await ada.create('slots/000000000', bytes('one'));
    await bob.create('slots/000000000', bytes('two'));
    await ada.create('tile/0/000', bytes('x'));
    const [history, ...others] = await all(bob.histories('slots/'));
    expect(others).toEqual([]);
    expect(history).toMatchObject({ name: 'slots/000000000', versions: 1, deleteMarkers: 0 });
  });

  test.each([
    '',
    '/etc/passwd',
    '../x',
    'a/../b',
    'a//b',
    'a/',
    '.hidden',
    'a/.b',
    'A',
    'a b',
    'a\0b',
    'a\n',
    'ä',
    'a\\b',
    'x'.repeat(129),
    `${'a/'.repeat(8)}a`,
  ])('refuses the name %j', async (name) => {
    await expect(ada.create(name, bytes('x'))).rejects.toEqual(code('REFUSED'));
    await expect(ada.read(name)).rejects.toEqual(code('REFUSED'));
    expect(await all(ada.list(''))).toEqual([]);
  });

  test('refuses an object that is too large, and keeps nothing of it', async () => {
    await expect(ada.create('large', Buffer.alloc(MAX_OBJECT_BYTES + 1))).rejects.toEqual(code('LIMIT_EXCEEDED'));
    expect(await all(ada.list(''))).toEqual([]);
  });
});
