import {
  appendFileSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import type { Disk } from '../../../src/lib/sandbox/journal.js';
import { takeLock } from '../../../src/lib/sandbox/lock.js';
import { createMemoryStore, type DurableStore, openFileStore } from '../../../src/lib/sandbox/state.js';

let dir: string;
const opened: DurableStore[] = [];

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'custody-state-')), 'sandbox');
});

afterEach(() => {
  for (const store of opened.splice(0)) store.close();
  rmSync(join(dir, '..'), { recursive: true, force: true });
});

function open(): DurableStore {
  const store = openFileStore(dir);
  opened.push(store);
  return store;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (cause) {
    if (cause instanceof CustodyError) return `${cause.code} ${cause.exit}`;
    throw cause;
  }
  return 'none';
}

describe.each([
  ['in memory', () => createMemoryStore()],
  ['in a file', () => open()],
])('a store %s', (_name, make) => {
  it('keeps, replaces, lists and removes rows by table and id', () => {
    const store = make();
    store.put('a', '1', { x: 1 });
    store.put('a', '2', { x: 2 });
    store.put('b', '1', { x: 3 });
    store.put('a', '1', { x: 4 });
    store.remove('a', '2');
    store.remove('nowhere', '2');
    expect([...store.rows('a')]).toEqual([['1', { x: 4 }]]);
    expect(store.get('b', '1')).toEqual({ x: 3 });
    expect(store.get('b', '__proto__')).toBeUndefined();
    expect([...store.rows('c')]).toEqual([]);
    store.clear();
    expect([...store.rows('a'), ...store.rows('b')]).toEqual([]);
  });
});

describe('a store in a directory', () => {
  it('is private to its owner', () => {
    open();
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, 'journal.jsonl')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'lock')).mode & 0o777).toBe(0o600);
  });

  it('finds what was flushed, and only that, when it is opened again', () => {
    const store = open();
    store.put('a', '1', { x: 'é\n"' });
    store.put('a', '2', {});
    store.flush();
    store.remove('a', '2');
    store.flush();
    store.put('a', '3', {});
    store.close();
    expect([...open().rows('a')]).toEqual([['1', { x: 'é\n"' }]]);
  });

  it('has its rows on disk when flush returns, not later', () => {
    const store = open();
    store.put('a', '1', { x: 1 });
    expect(readFileSync(join(dir, 'journal.jsonl'), 'utf8')).not.toContain('"x"');
    store.flush();
    expect(readFileSync(join(dir, 'journal.jsonl'), 'utf8')).toContain('[["put","a","1",{"x":1}]]\n');
  });

  it('T51 drops a last line that a crash tore, at every byte of it', () => {
    const store = open();
    store.put('a', '1', { x: 1 });
    store.flush();
    const whole = readFileSync(join(dir, 'journal.jsonl'));
    store.put('a', '1', { x: 2 });
    store.put('a', '2', { x: 2 });
    store.flush();
    store.close();
    const after = readFileSync(join(dir, 'journal.jsonl'));
    for (let size = whole.length; size <= after.length; size++) {
      writeFileSync(join(dir, 'journal.jsonl'), after.subarray(0, size));
      const again = openFileStore(dir);
      const rows = [...again.rows('a')];
      again.close();
      expect(rows).toEqual(
        size < after.length
          ? [['1', { x: 1 }]]
          : [
              ['1', { x: 2 }],
              ['2', { x: 2 }],
            ],
      );
    }
  });

  it('is compacted at start', () => {
    const store = open();
    for (let at = 0; at < 50; at++) {
      store.put('a', '1', { at });
      store.flush();
    }
    store.close();
    open();
    expect(readFileSync(join(dir, 'journal.jsonl'), 'utf8').split('\n')).toHaveLength(3);
    expect(existsSync(join(dir, 'journal.jsonl.new'))).toBe(false);
  });

  it.each(['garbage\n', '[["put","a"]]\n', '[["drop","a","1"]]\n', '{"put":1}\n', '[["put","a","1",null]]\n'])(
    'refuses a journal with a whole line that it never wrote: %j',
    (line) => {
      open().close();
      appendFileSync(join(dir, 'journal.jsonl'), line);
      expect(codeOf(open)).toBe('STORAGE 5');
      expect(existsSync(join(dir, 'lock'))).toBe(false);
    },
  );

  it('refuses a journal of another kind', () => {
    open().close();
    writeFileSync(join(dir, 'journal.jsonl'), '{"other":1}\n');
    expect(codeOf(open)).toBe('STORAGE 5');
  });

  it('cannot be used after it was closed', () => {
    const store = open();
    store.close();
    expect(codeOf(() => store.flush())).toBe('STORAGE 5');
    store.put('a', '1', {});
    expect(codeOf(() => store.flush())).toBe('STORAGE 5');
  });
});

/** A disk that takes so many bytes more, then none, as a full one does: a write may come half through. */
class FullDisk implements Disk {
  room = Number.POSITIVE_INFINITY;
  stuck = false;

  write(fd: number, bytes: Uint8Array, from: number): number {
    const length = Math.min(bytes.length - from, this.room);
    if (length === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    this.room -= length;
    return writeSync(fd, bytes, from, length);
  }

  sync(): void {}

  truncate(fd: number, length: number): void {
    if (this.stuck) throw new Error('input/output error');
    ftruncateSync(fd, length);
  }
}

describe('a full disk', () => {
  function openOn(disk: Disk): DurableStore {
    const store = openFileStore(dir, disk);
    opened.push(store);
    return store;
  }

  it.each([0, 1, 10, 25])(
    'that takes %d bytes of a line takes none of it, and all of it when there is room',
    (room) => {
      const disk = new FullDisk();
      const store = openOn(disk);
      store.put('a', '1', { x: 1 });
      store.flush();
      const whole = readFileSync(join(dir, 'journal.jsonl'), 'utf8');
      disk.room = room;
      store.put('a', '2', { x: 2 });
      expect(codeOf(() => store.flush())).toBe('STORAGE 5');
      expect(readFileSync(join(dir, 'journal.jsonl'), 'utf8')).toBe(whole);
      store.put('a', '3', { x: 3 });
      expect(codeOf(() => store.flush())).toBe('STORAGE 5');
      disk.room = Number.POSITIVE_INFINITY;
      store.flush();
      store.close();
      expect([...open().rows('a')].map(([id]) => id)).toEqual(['1', '2', '3']);
    },
  );

  it('loses nothing that was flushed when the process ends meanwhile', () => {
    const disk = new FullDisk();
    const store = openOn(disk);
    store.put('a', '1', { x: 1 });
    store.flush();
    disk.room = 5;
    store.put('a', '2', { x: 2 });
    expect(codeOf(() => store.flush())).toBe('STORAGE 5');
    store.close();
    expect([...open().rows('a')].map(([id]) => id)).toEqual(['1']);
  });

  it('writes nothing after half a line that cannot be taken back', () => {
    const disk = new FullDisk();
    const store = openOn(disk);
    store.put('a', '1', { x: 1 });
    store.flush();
    Object.assign(disk, { room: 5, stuck: true });
    store.put('a', '2', { x: 2 });
    expect(codeOf(() => store.flush())).toBe('STORAGE 5');
    Object.assign(disk, { room: Number.POSITIVE_INFINITY, stuck: false });
    expect(codeOf(() => store.flush())).toBe('STORAGE 5');
    store.close();
    expect([...open().rows('a')].map(([id]) => id)).toEqual(['1']);
  });
});

describe('the lock of a directory', () => {
  it('keeps a second sandbox out, until the first is gone', () => {
    const store = open();
    expect(codeOf(open)).toBe('LOCKED 6');
    store.close();
    expect(codeOf(open)).toBe('none');
  });

  it.each([
    ['a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, started: '1' })],
    ['an earlier process with the number of this one', JSON.stringify({ pid: process.pid, started: '1' })],
    ['nobody', 'torn'],
    ['no process', JSON.stringify({ pid: -1, started: null })],
  ])('is taken over from %s', (_name, content) => {
    open().close();
    writeFileSync(join(dir, 'lock'), content);
    expect(codeOf(open)).toBe('none');
    expect(JSON.parse(readFileSync(join(dir, 'lock'), 'utf8')).pid).toBe(process.pid);
  });

  it('is not released by one who lost it', () => {
    open().close();
    const release = takeLock(join(dir, 'lock'));
    writeFileSync(join(dir, 'lock'), 'another');
    release();
    expect(readFileSync(join(dir, 'lock'), 'utf8')).toBe('another');
  });
});
