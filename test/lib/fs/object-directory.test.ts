import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createObjectDirectory } from '../../../src/lib/fs/object-directory.js';
import { appendEvents } from '../../../src/lib/ledger/append.js';
import { verifyChain } from '../../../src/lib/ledger/chain.js';
import { judgeHistories } from '../../../src/lib/ledger/histories.js';
import type { ObjectStore } from '../../../src/lib/ledger/objects.js';
import { createSlotLedger } from '../../../src/lib/ledger/slots.js';
import { ledgerEvent, patient } from '../../support/ledger-writers.js';
import { type Ack, buildWriters, type Writers } from '../../support/writers.js';
import { scratchFolder } from './scratch.js';

const broken = expect.objectContaining({ code: 'LEDGER_BROKEN' });
const bytes = Buffer.from('bytes');

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function entriesOf(dir: string) {
  const entries: Uint8Array[] = [];
  for await (const batch of createSlotLedger(createObjectDirectory(dir)).batches()) entries.push(...batch.entries);
  return entries;
}

describe('objects in a folder', () => {
  const folder = scratchFolder();
  let dir: string;
  let objects: ObjectStore;
  let turn = 0;
  beforeEach(() => {
    dir = join(folder, `ledger-${turn++}`);
    objects = createObjectDirectory(dir);
  });

  it('are private files below private folders, whatever the mask', async () => {
    const mask = process.umask(0);
    try {
      await objects.create('a/b/c', bytes);
    } finally {
      process.umask(mask);
    }
    const mode = (path: string) => lstatSync(join(dir, path)).mode & 0o777;
    expect([mode(''), mode('a'), mode('a/b'), mode('a/b/c')]).toEqual([0o700, 0o700, 0o700, 0o600]);
    expect(readdirSync(join(dir, '.writing'))).toEqual([]);
  });

  it('are not reached through symbolic links', async () => {
    await objects.create('slots/000000000', bytes);
    const outside = join(folder, `outside-${turn}`);
    mkdirSync(outside);
    writeFileSync(join(outside, '000000001'), 'planted');
    symlinkSync(join(outside, '000000001'), join(dir, 'slots/000000001'));
    await expect(objects.read('slots/000000001')).rejects.toEqual(broken);
    expect(await objects.create('slots/000000001', bytes)).toBe('exists');
    expect(readFileSync(join(outside, '000000001'), 'utf8')).toBe('planted');
    symlinkSync(outside, join(dir, 'bundles'));
    await expect(objects.read('bundles/000000001')).rejects.toEqual(broken);
    await expect(objects.create('bundles/new', bytes)).rejects.toEqual(broken);
    expect(readdirSync(outside)).toEqual(['000000001']);
    symlinkSync(join(folder, 'nowhere'), join(dir, 'slots/000000002'));
    await expect(objects.read('slots/000000002')).rejects.toEqual(broken);
  });

  it('lie in the memory that a reader gives where they fit, and only then', async () => {
    await objects.create('a', Buffer.from('first'));
    await objects.create('b', Buffer.from('longer one'));
    const room = Buffer.alloc(5, '.');
    const [first, second] = [await objects.read('a', room), await objects.read('b', room)];
    expect([String(first), String(second), String(room)]).toEqual(['first', 'longer one', 'first']);
    expect(first?.buffer).toBe(room.buffer);
  });

  it('are not read from another folder that has taken the place of theirs', async () => {
    await objects.create('slots/000000000', bytes);
    expect(await objects.read('slots/000000000')).toEqual(bytes);
    renameSync(dir, `${dir}-moved`);
    mkdirSync(join(`${dir}-other`, 'slots'), { recursive: true });
    writeFileSync(join(`${dir}-other`, 'slots/000000000'), 'planted');
    symlinkSync(`${dir}-other`, dir);
    await expect(objects.read('slots/000000000')).rejects.toEqual(broken);
  });

  it('are not in a folder that is a symbolic link, or that others may write', async () => {
    mkdirSync(`${dir}-real`, { mode: 0o700 });
    symlinkSync(`${dir}-real`, dir);
    await expect(objects.create('a', bytes)).rejects.toEqual(expect.objectContaining({ code: 'REFUSED' }));
    expect(readdirSync(`${dir}-real`)).toEqual([]);
  });

  it('are plain files: a folder or a pipe in the place of one is refused, and does not hang', async () => {
    await objects.create('slots/000000000', bytes);
    mkdirSync(join(dir, 'slots/000000001'));
    execFileSync('mkfifo', [join(dir, 'slots/000000002')]);
    await expect(objects.read('slots/000000001')).rejects.toEqual(broken);
    await expect(objects.read('slots/000000002')).rejects.toEqual(broken);
    expect(await objects.create('slots/000000002', bytes)).toBe('exists');
    // A file where a folder belongs: no object can be below it.
    expect(await objects.read('slots/000000000/x')).toBeNull();
    await expect(objects.create('slots/000000000/x', bytes)).rejects.toEqual(
      expect.objectContaining({ code: 'STORAGE' }),
    );
  });

  it('ignore what is not theirs, and sweep old leftovers of killed writers alone', async () => {
    await objects.create('slots/000000000', bytes);
    const old = join(dir, '.writing/000000009.1.aaaaaaaaaaaa.tmp');
    const young = join(dir, '.writing/000000009.1.bbbbbbbbbbbb.tmp');
    for (const path of [old, young]) writeFileSync(path, 'half');
    utimesSync(old, new Date(Date.now() - 7_200_000), new Date(Date.now() - 7_200_000));
    writeFileSync(join(dir, 'slots/.000000001.tmp'), 'half');
    writeFileSync(join(dir, 'slots/README'), 'not ours');
    expect(await all(createObjectDirectory(dir).list(''))).toEqual(['slots/000000000']);
    await createObjectDirectory(dir).create('slots/000000001', bytes);
    expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
    expect(existsSync(join(dir, 'slots/README'))).toBe(true);
  });

  it('T40 an overwritten, a moved and a second name of a file are found by reading', async () => {
    const ledger = createSlotLedger(objects);
    for (const fact of [0, 1, 2]) await appendEvents(ledger, [ledgerEvent(fact)], patient());
    expect(await judgeHistories(objects, null)).toEqual([]);
    renameSync(join(dir, 'slots/000000001'), join(dir, 'slots/aside'));
    await expect(entriesOf(dir)).rejects.toEqual(broken);
    linkSync(join(dir, 'slots/000000000'), join(dir, 'slots/000000001'));
    await expect(entriesOf(dir)).rejects.toEqual(broken);
  });

  // A limit on the size of files stands for a full disk: the write fails in the middle.
  it('T51 a disk without room: STORAGE, and nothing is half written', async () => {
    const writers = await buildWriters();
    try {
      const job = JSON.stringify({ directory: dir, writer: 'ada', count: 1 });
      const { stderr, status } = spawnSync(
        'bash',
        ['-c', 'ulimit -f 0; exec "$0" "$@"', process.execPath, writers.program, job],
        {
          encoding: 'utf8',
          env: { PATH: process.env.PATH, HOME: folder },
        },
      );
      expect([status, stderr]).toEqual([1, expect.stringMatching(/STORAGE|EFBIG/)]);
      expect(await all(objects.list(''))).toEqual([]);
      expect(readdirSync(join(dir, '.writing'))).toEqual([]);
      expect((await createSlotLedger(objects).head()).size).toBe(0);
    } finally {
      writers.close();
    }
  });
});

describe('writers of one folder, each a process of its own', () => {
  const folder = scratchFolder();
  let writers: Writers;
  beforeAll(async () => {
    writers = await buildWriters();
  });
  afterAll(() => writers?.close());

  it('T41 three at once give one verified chain, and nothing acknowledged is missing', async () => {
    const directory = join(folder, 'three');
    const names = ['ada', 'bob', 'cyn'];
    const runs = await Promise.all(names.map((writer) => writers.run({ directory, writer, count: 15 })));
    await expectAcknowledged(
      directory,
      runs.flatMap(({ acks }) => acks),
      45,
    );
  });

  it('T51 killed while they write: what was acknowledged is there, the chain holds, and the next ones go on', async () => {
    const directory = join(folder, 'killed');
    const acks: Ack[] = [];
    const kill = (writer: string, after: number) =>
      writers.run({ directory, writer, count: 1000 }, (ack, child) => {
        if (ack.number >= after) child.kill('SIGKILL');
      });
    for (const run of await Promise.all([kill('ada', 3), kill('bob', 7)])) acks.push(...run.acks);
    acks.push(...(await writers.run({ directory, writer: 'cyn', count: 3 })).acks);
    await expectAcknowledged(directory, acks, acks.length);
  });
});

async function expectAcknowledged(directory: string, acks: readonly Ack[], atLeast: number): Promise<void> {
  const entries = await entriesOf(directory);
  expect(entries.length).toBeGreaterThanOrEqual(atLeast);
  expect(verifyChain(entries).verdict).toBe('verified');
  expect(new Set(acks.map(({ sequence }) => sequence)).size).toBe(acks.length);
  for (const { writer, number, sequence } of acks) {
    const entry = JSON.parse(Buffer.from(entries[sequence] ?? []).toString());
    expect([entry.by, entry.facts.number]).toEqual([writer, number]);
  }
}
