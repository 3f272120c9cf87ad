import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/lib/base/bytes.js';
import { parseInstant } from '../../src/lib/base/time.js';
import { createObjectDirectory } from '../../src/lib/fs/object-directory.js';
import { createGitLedgerStore } from '../../src/lib/git/ledger-store.js';
import { EMPTY_HEAD, link, verifyChain } from '../../src/lib/ledger/chain.js';
import type { LedgerEvent } from '../../src/lib/ledger/entry.js';
import { createSlotLedger } from '../../src/lib/ledger/slots.js';
import type { LedgerStore } from '../../src/lib/ledger/store.js';
import { createGitWorld } from '../support/git-world.js';
import { createMemoryLedgerStore } from '../support/memory-ledger-store.js';
import { createMemoryObjects } from '../support/memory-objects.js';
import { createMemoryRemote } from '../support/memory-record-store.js';
import { createS3Double } from '../support/s3-double.js';
import { openS3Objects } from '../support/s3-world.js';

interface World {
  /** Another writer of the same ledger. */
  writer(): Promise<LedgerStore>;
  close(): void;
}

const nothing = () => undefined;

async function memoryWorld(): Promise<World> {
  const store = createMemoryLedgerStore();
  return { writer: async () => store, close: nothing };
}

async function directoryWorld(): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'custody-ledger-'));
  return {
    writer: async () => createSlotLedger(createObjectDirectory(join(dir, 'deep'))),
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}

async function objectsWorld(): Promise<World> {
  const objects = createMemoryObjects();
  return { writer: async () => createSlotLedger(objects), close: nothing };
}

async function s3World(): Promise<World> {
  const { requestHandler } = createS3Double(3);
  const open = () => openS3Objects({ endpointUrl: 'http://127.0.0.1:4599', requestHandler });
  return { writer: async () => createSlotLedger(await open()), close: nothing };
}

async function recordsWorld(): Promise<World> {
  const remote = createMemoryRemote();
  return { writer: async () => createGitLedgerStore(remote.client()), close: nothing };
}

async function gitWorld(): Promise<World> {
  const world = await createGitWorld();
  return { writer: async () => createGitLedgerStore(await world.client()), close: world.close };
}

const event = (fact: number): LedgerEvent => ({
  at: parseInstant('2026-01-31T09:00:00.000Z'),
  kind: 'request',
  by: 'architect',
  requestId: 'r-aaaaaaaaaa',
  record: digestOf(String(fact)),
  facts: { fact },
});
const code = (expected: string) => expect.objectContaining({ code: expected });

describe.each([
  ['memory', memoryWorld],
  ['objects in memory', objectsWorld],
  ['directory', directoryWorld],
  ['S3', s3World],
  ['repository in memory', recordsWorld],
  ['Git', gitWorld],
])('ledger store: %s', (_name, makeWorld) => {
  let world: World;
  let ada: LedgerStore;
  let bob: LedgerStore;
  beforeEach(async () => {
    world = await makeWorld();
    ada = await world.writer();
    bob = await world.writer();
  });
  afterEach(() => world.close());

  test('is empty at first', async () => {
    expect(await ada.head()).toEqual(EMPTY_HEAD);
    expect(await ada.read(0, 0)).toEqual([]);
    await expect(ada.read(0, 1)).rejects.toEqual(code('LEDGER_BROKEN'));
  });

  test('gives back the bytes that were appended, and the head of the chain', async () => {
    const first = link([event(1), event(2)], EMPTY_HEAD);
    expect(await ada.append(first.entries, EMPTY_HEAD)).toEqual(first.head);
    expect(await bob.head()).toEqual(first.head);
    const second = link([event(3)], await bob.head());
    expect(await bob.append(second.entries, first.head)).toEqual(second.head);
    expect(await ada.head()).toEqual(second.head);
    const stored = await ada.read(0, 3);
    expect(stored.map((bytes) => Buffer.from(bytes))).toEqual([...first.entries, ...second.entries].map(Buffer.from));
    expect(verifyChain(stored, { remembered: [first.head, second.head] }).verdict).toBe('verified');
    expect(await ada.read(1, 2)).toHaveLength(1);
    await expect(ada.read(2, 4)).rejects.toEqual(code('LEDGER_BROKEN'));
  });

  test('appending nothing changes nothing', async () => {
    expect(await ada.append([], EMPTY_HEAD)).toEqual(EMPTY_HEAD);
    expect(await bob.head()).toEqual(EMPTY_HEAD);
  });

  test('T41 of two writers on one head the second gets CONFLICT, re-reads and re-links', async () => {
    const left = link([event(1), event(2)], EMPTY_HEAD);
    const right = link([event(3), event(4)], EMPTY_HEAD);
    const outcomes = await Promise.allSettled([
      ada.append(left.entries, EMPTY_HEAD),
      bob.append(right.entries, EMPTY_HEAD),
    ]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    const loser = outcomes.find((outcome) => outcome.status === 'rejected');
    expect(loser?.reason).toEqual(code('CONFLICT'));
    const head = await bob.head();
    expect(head.size).toBe(2);
    await bob.append(link([event(5)], head).entries, head);
    await ada.head();
    expect(verifyChain(await ada.read(0, 3)).verdict).toBe('verified');
  });

  test('a head of the right size with another digest is refused', async () => {
    const first = link([event(1)], EMPTY_HEAD);
    await ada.append(first.entries, EMPTY_HEAD);
    const forked = { size: 1, digest: digestOf('other') };
    await expect(ada.append(link([event(2)], forked).entries, forked)).rejects.toEqual(code('CONFLICT'));
    expect(await ada.head()).toEqual(first.head);
  });
});
