import { beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { parseInstant } from '../../../src/lib/base/time.js';
import { judgeCarried } from '../../../src/lib/inspect/carried.js';
import { carriedEvent, carry } from '../../../src/lib/ledger/carried.js';
import { EMPTY_HEAD, link } from '../../../src/lib/ledger/chain.js';
import type { LedgerEvent } from '../../../src/lib/ledger/entry.js';
import { createSlotLedger } from '../../../src/lib/ledger/slots.js';
import { chainTree } from '../../support/chain-tree.js';
import { createMemoryObjects, type MemoryObjects } from '../../support/memory-objects.js';

const at = parseInstant('2026-01-31T09:00:00.000Z');
const event = (fact: number): LedgerEvent => ({
  at,
  kind: 'approval',
  by: 'architect',
  requestId: 'r-aaaaaaaaaa',
  record: digestOf(String(fact)),
  facts: { fact },
});
const chain = (count: number, first = 0) => chainTree(Array.from({ length: count }, (_, n) => event(n + first)));
const options = { clock: { now: () => at, sleep: async () => undefined }, random: () => 0 };

let objects: MemoryObjects;
beforeEach(() => {
  objects = createMemoryObjects();
});

describe('an audit ledger held against the repository', () => {
  it('that tells of all passes, and of a part says how many wait', async () => {
    await carry(createSlotLedger(objects), chain(3), options);
    expect(await judgeCarried(objects, chain(3), true)).toMatchObject({ status: 'pass' });
    expect(await judgeCarried(objects, chain(5), true)).toMatchObject({
      status: 'pass',
      detail: expect.stringContaining('2 are not carried yet'),
    });
    expect(await judgeCarried(createMemoryObjects(), chain(2), true)).toMatchObject({ status: 'pass' });
  });

  it.each([true, false])('a repository that was cut fails (T38), the whole looked at: %s', async (whole) => {
    await carry(createSlotLedger(objects), chain(3), options);
    expect(await judgeCarried(objects, chain(2), whole)).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('which has 2'),
    });
  });

  it.each([true, false])('a repository that was rewritten fails, the whole looked at: %s', async (whole) => {
    await carry(createSlotLedger(objects), chain(3), options);
    expect(await judgeCarried(objects, chain(3, 7), whole)).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('entry 2 of the repository'),
    });
  });

  it.each<[string, Partial<LedgerEvent>]>([
    ['by somebody else', { by: 'privacy' }],
    ['of another kind', { kind: 'rejection' }],
    ['of another request', { requestId: 'r-bbbbbbbbbb' }],
    ['of another record', { record: digestOf('x') }],
    ['with other facts', { facts: {} }],
  ])('a writer that tells of an entry %s is found, by its entry', async (_, change) => {
    const tree = chain(2);
    const events = tree.entries.map(carriedEvent);
    const [first, second] = events;
    if (!first || !second) throw new Error('no events');
    const facts = { ...(change.facts ?? second.facts), repository: second.facts.repository ?? null };
    const told = link([first, { ...second, ...change, facts }], EMPTY_HEAD).entries;
    await createSlotLedger(objects).append(told, EMPTY_HEAD);
    expect(await judgeCarried(objects, tree, true)).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('entry 1 does not tell'),
    });
  });
});
