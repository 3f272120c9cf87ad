import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { parseInstant } from '../../../src/lib/base/time.js';
import { carriedAfter, carriedEvent, carry, placeOf } from '../../../src/lib/ledger/carried.js';
import { EMPTY_HEAD, link, parseEntry } from '../../../src/lib/ledger/chain.js';
import { entryDigest, type LedgerEvent } from '../../../src/lib/ledger/entry.js';
import { formatSlot, parseSlot, slotName } from '../../../src/lib/ledger/slot.js';
import { createSlotLedger } from '../../../src/lib/ledger/slots.js';
import { chainTree } from '../../support/chain-tree.js';
import { createMemoryObjects } from '../../support/memory-objects.js';

const at = parseInstant('2026-01-31T09:00:00.000Z');
const event = (fact: number): LedgerEvent => ({
  at,
  kind: 'request',
  by: 'architect',
  requestId: 'r-aaaaaaaaaa',
  record: digestOf(String(fact)),
  facts: { fact },
});
const use: LedgerEvent = { ...event(0), kind: 'usage', requestId: null, record: null, facts: { eventId: 'e' } };

const repository = (count: number, first = 0) =>
  chainTree(Array.from({ length: count }, (_, number) => event(number + first)));

const options = { clock: { now: () => at, sleep: async () => undefined }, random: () => 0 };
const code = (expected: string) => expect.objectContaining({ code: expected });

async function places(objects: ReturnType<typeof createMemoryObjects>) {
  const ledger = createSlotLedger(objects);
  const entries = await ledger.read(0, (await ledger.head()).size);
  return entries.map((bytes) => placeOf(bytes)?.sequence ?? null);
}

describe('carrying the repository', () => {
  test('tells of each entry once, in its order, with its place, beside the uses of keys', async () => {
    const objects = createMemoryObjects();
    const tree = repository(3);
    expect(await carry(createSlotLedger(objects), repository(2), options)).toBe(2);
    const other = createSlotLedger(objects);
    await other.append(link([use], await other.head()).entries, await other.head());
    expect(await carry(createSlotLedger(objects), tree, options)).toBe(1);
    expect(await carry(createSlotLedger(objects), tree, options)).toBe(0);
    expect(await places(objects)).toEqual([0, 1, null, 2]);
    const [told] = await createSlotLedger(objects).read(3, 4);
    const { facts, ...rest } = parseEntry(told ?? new Uint8Array());
    expect(rest).toMatchObject({ kind: 'request', by: 'architect', sequence: 3, record: digestOf('2') });
    expect(facts).toEqual({
      fact: 2,
      repository: { sequence: 2, digest: entryDigest(tree.entries[2] ?? new Uint8Array()) },
    });
  });

  test('more than one append holds is carried in several', async () => {
    const objects = createMemoryObjects();
    expect(await carry(createSlotLedger(objects), repository(2001), options)).toBe(2001);
    expect(objects.names('slots/')).toHaveLength(3);
    expect(await createSlotLedger(objects).carried()).toMatchObject({ size: 2001 });
  });

  test('two machines at once tell of nothing twice (T41)', async () => {
    const objects = createMemoryObjects();
    const counts = await Promise.all(
      [1, 2, 3].map(() => carry(createSlotLedger(objects), repository(40), { ...options, random: Math.random })),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
    expect(await places(objects)).toEqual(Array.from({ length: 40 }, (_, number) => number));
  });

  test('what reads no entries still knows how far it is (a role that only writes)', async () => {
    const objects = createMemoryObjects();
    await carry(createSlotLedger(objects), repository(2), options);
    const blind = {
      ...objects,
      read: async (name: string) => {
        if (name.startsWith('bundles/')) throw new CustodyError('DENIED', name);
        return objects.read(name);
      },
    };
    expect(await carry(createSlotLedger(blind), repository(5), options)).toBe(3);
  });

  test('a repository that was cut is refused (T38)', async () => {
    const objects = createMemoryObjects();
    await carry(createSlotLedger(objects), repository(3), options);
    await expect(carry(createSlotLedger(objects), repository(2), options)).rejects.toThrow(code('LEDGER_BROKEN'));
  });

  test('a repository with another history of the same length is refused', async () => {
    const objects = createMemoryObjects();
    await carry(createSlotLedger(objects), repository(3), options);
    await expect(carry(createSlotLedger(objects), repository(4, 7), options)).rejects.toThrow(/entry 2 of the repo/);
    expect(await places(objects)).toEqual([0, 1, 2]);
  });

  test.each([
    ['an entry left out', [0, 2]],
    ['an entry told of twice', [0, 0]],
    ['another order', [1, 0]],
  ])('%s is no way to append', (_, order) => {
    const { entries } = repository(3);
    const events = order.map((number) => carriedEvent(entries[number] ?? new Uint8Array()));
    expect(() => carriedAfter(link(events, EMPTY_HEAD).entries, EMPTY_HEAD)).toThrow(code('LEDGER_BROKEN'));
  });

  test('a slot that claims more than its entries carry is refused where they are read', async () => {
    const objects = createMemoryObjects();
    await carry(createSlotLedger(objects), repository(2), options);
    const name = slotName(0);
    const slot = parseSlot((await objects.read(name)) ?? new Uint8Array(), name);
    objects.replace(name, formatSlot({ ...slot, carried: { ...slot.carried, size: 5 } }));
    const reading = async () => {
      for await (const _ of createSlotLedger(objects).batches());
    };
    await expect(reading()).rejects.toThrow(/how much of the repository/);
  });
});
