import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMachineMemory } from '../../../src/lib/fs/machine-memory.js';
import type { Memory } from '../../../src/lib/record/memory.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'custody-memory-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const digest = `sha256:${'0'.repeat(64)}` as const;
const seen = (head: string): Memory => ({
  schema: 1,
  genesis: digest,
  planVersion: 1,
  planDigest: digest,
  rosterVersion: 1,
  rosterDigest: digest,
  head: head.repeat(40),
  seenAt: '2026-01-31T09:00:00.000Z' as Memory['seenAt'],
});

describe('what a machine remembers', () => {
  it('is replaced by one who has read it, and by nobody who has read something older', async () => {
    const [one, other] = [openMachineMemory(join(dir, 'memory.json')), openMachineMemory(join(dir, 'memory.json'))];
    expect(await one.replace(null, seen('a'))).toBe(true);
    const read = await other.read();
    expect(await one.replace(await one.read(), seen('b'))).toBe(true);
    expect(await other.replace(read, seen('a'))).toBe(false);
    expect(await other.replace(null, seen('a'))).toBe(false);
    expect(await one.read()).toEqual(seen('b'));
    expect(await other.replace(await other.read(), seen('c'))).toBe(true);
  });

  it('of many at once one wins, and the others are told', async () => {
    const path = join(dir, 'memory.json');
    await openMachineMemory(path).replace(null, seen('a'));
    const heads = ['1', '2', '3', '4', '5'];
    const won = await Promise.all(heads.map((head) => openMachineMemory(path).replace(seen('a'), seen(head))));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await openMachineMemory(path).read()).toEqual(seen(heads[won.indexOf(true)] ?? ''));
  });

  it('that was deleted meanwhile is written again', async () => {
    const memory = openMachineMemory(join(dir, 'memory.json'));
    expect(await memory.replace(seen('a'), seen('b'))).toBe(true);
    expect(await memory.read()).toEqual(seen('b'));
  });
});
