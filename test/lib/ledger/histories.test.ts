import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../../src/lib/base/time.js';
import { appendEvents } from '../../../src/lib/ledger/append.js';
import { judgeHistories } from '../../../src/lib/ledger/histories.js';
import type { ObjectHistory } from '../../../src/lib/ledger/objects.js';
import { bundleName, parseSlot, slotName } from '../../../src/lib/ledger/slot.js';
import { createSlotLedger } from '../../../src/lib/ledger/slots.js';
import { ledgerEvent, patient } from '../../support/ledger-writers.js';
import { createMemoryObjects } from '../../support/memory-objects.js';

const CREATED = parseInstant('2026-01-01T00:00:00.000Z');
const UNTIL = parseInstant('2026-01-31T00:00:00.000Z');
const DAYS = 30;

async function world() {
  const objects = createMemoryObjects({ createdAt: CREATED, retainedUntil: UNTIL });
  const ledger = createSlotLedger(objects);
  for (const slot of [0, 1, 2]) await appendEvents(ledger, [ledgerEvent(slot), ledgerEvent(slot + 10)], patient());
  const bundleOf = (number: number) => {
    const [bytes] = objects.kept.get(slotName(number))?.versions ?? [];
    return bundleName(parseSlot(bytes ?? new Uint8Array(), slotName(number)).bundle);
  };
  return { objects, bundleOf };
}

describe('how a slot was kept', () => {
  /** What is said of the second slot, when its store tells this of it. */
  async function said(told: Partial<ObjectHistory>, days: number | null = DAYS) {
    const { objects } = await world();
    const histories = async function* (prefix: string) {
      for await (const one of objects.histories(prefix)) yield one.name === slotName(1) ? { ...one, ...told } : one;
    };
    const faults = await judgeHistories({ ...objects, histories }, days);
    expect(faults.every(({ name, sequence }) => name === slotName(1) && sequence === 2)).toBe(true);
    return faults.map(({ message }) => message);
  }
  const until = (text: string) => ({ retainedUntil: parseInstant(text) });

  it('T40 is judged by versions and markers', async () => {
    expect(await said({})).toEqual([]);
    expect(await said({ versions: 2 })).toEqual(['2 versions']);
    expect(await said({ versions: 0 })).toEqual(['0 versions']);
    expect(await said({ deleteMarkers: 1 })).toEqual(['a delete marker over it']);
    expect(await said({ versions: 3, deleteMarkers: 2, retainedUntil: null })).toEqual([
      '3 versions, a delete marker over it, no retention',
    ]);
  });

  it('T40 is held as long as was asked, but for a day between clocks', async () => {
    expect(await said({ retainedUntil: null })).toEqual(['no retention']);
    expect(await said(until('2026-01-30T00:00:00.000Z'))).toEqual([]);
    expect(await said(until('2026-01-29T23:59:59.000Z'))).toEqual([
      'retention until 2026-01-29T23:59:59.000Z only, less than 30 days',
    ]);
    expect(await said(until('2036-01-02T00:00:00.000Z'))).toEqual([]);
    expect(await said({ createdAt: null })).toEqual([
      'retention until 2026-01-31T00:00:00.000Z, and nobody knows since when',
    ]);
  });

  it('is not asked for retention where the store knows none', async () => {
    expect(await said({ retainedUntil: null, createdAt: null }, null)).toEqual([]);
    expect(await said({ versions: 2 }, null)).toEqual(['2 versions']);
  });
});

describe('how all slots and bundles were kept', () => {
  it('is well where nothing was done, and where nothing is', async () => {
    const { objects } = await world();
    expect(await judgeHistories(objects, DAYS)).toEqual([]);
    expect(await judgeHistories(createMemoryObjects(), DAYS)).toEqual([]);
  });

  it('T40 names the entry that a fault concerns, of a bundle too', async () => {
    const { objects, bundleOf } = await world();
    objects.mark(slotName(1));
    await objects.create(slotName(1), Buffer.from('forged'));
    objects.mark(bundleOf(2));
    const kept = objects.kept.get(bundleOf(0));
    if (kept) kept.retainedUntil = null;
    const found = (await judgeHistories(objects, DAYS)).map(({ name, sequence }) => [name, sequence]);
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining([
        [slotName(1), 2],
        [bundleOf(2), 4],
        [bundleOf(0), 0],
      ]),
    );
  });
});
