import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../../src/lib/base/time.js';
import { appendEvents } from '../../../src/lib/ledger/append.js';
import { auditObjects, judgeHistory } from '../../../src/lib/ledger/audit.js';
import type { ObjectHistory } from '../../../src/lib/ledger/objects.js';
import { bundleName, parseSlot, slotName } from '../../../src/lib/ledger/slot.js';
import { createSlotLedger } from '../../../src/lib/ledger/slots.js';
import { ledgerEvent, patient } from '../../support/ledger-writers.js';
import { createMemoryObjects } from '../../support/memory-objects.js';

const CREATED = parseInstant('2026-01-01T00:00:00.000Z');
const UNTIL = parseInstant('2026-01-31T00:00:00.000Z');
const good: ObjectHistory = {
  name: 'slots/000000000',
  versions: 1,
  deleteMarkers: 0,
  createdAt: CREATED,
  retainedUntil: UNTIL,
};
const DAYS = { days: 30 };

describe('how an object was kept', () => {
  const faults = (history: Partial<ObjectHistory>, asked: { days: number } | null = DAYS) =>
    judgeHistory({ ...good, ...history }, asked).map(({ fault }) => fault);

  it('is judged by versions, markers and retention (T40)', () => {
    expect(faults({})).toEqual([]);
    expect(faults({ versions: 2 })).toEqual(['overwritten']);
    expect(faults({ deleteMarkers: 1 })).toEqual(['deleted']);
    expect(faults({ versions: 0, deleteMarkers: 1 })).toEqual(['deleted']);
    expect(faults({ versions: 0 })).toEqual(['deleted']);
    expect(faults({ versions: 3, deleteMarkers: 2, retainedUntil: null })).toEqual([
      'deleted',
      'overwritten',
      'unretained',
    ]);
  });

  it('is held as long as was asked, but for the clocks', () => {
    const until = (text: string) => ({ retainedUntil: parseInstant(text) });
    expect(faults({ retainedUntil: null })).toEqual(['unretained']);
    expect(faults(until('2026-01-30T23:46:00.000Z'))).toEqual([]);
    expect(faults(until('2026-01-30T23:44:00.000Z'))).toEqual(['short']);
    expect(faults(until('2026-01-02T00:00:00.000Z'))).toEqual(['short']);
    expect(faults(until('2036-01-02T00:00:00.000Z'))).toEqual([]);
    expect(faults({ createdAt: null })).toEqual(['short']);
  });

  it('is not asked for retention where the store knows none', () => {
    expect(faults({ retainedUntil: null, createdAt: null }, null)).toEqual([]);
    expect(faults({ versions: 2 }, null)).toEqual(['overwritten']);
  });
});

describe('an audit of objects', () => {
  const world = async () => {
    const objects = createMemoryObjects({ createdAt: CREATED, retainedUntil: UNTIL });
    const ledger = createSlotLedger(objects);
    for (const slot of [0, 1, 2]) await appendEvents(ledger, [ledgerEvent(slot), ledgerEvent(slot + 10)], patient());
    const bundleOf = (number: number) => {
      const [bytes] = objects.kept.get(slotName(number))?.versions ?? [];
      return bundleName(parseSlot(bytes ?? new Uint8Array(), slotName(number)).bundle);
    };
    return { objects, bundleOf };
  };

  it('finds nothing where nothing was done', async () => {
    const { objects } = await world();
    expect(await auditObjects(objects, DAYS)).toEqual({ count: 6, findings: [], retainedUntil: UNTIL });
    expect(await auditObjects(createMemoryObjects(), DAYS)).toEqual({ count: 0, findings: [], retainedUntil: null });
  });

  it('says no later time than the first to end, wherever that one lies', async () => {
    const SOONER = parseInstant('2026-01-30T23:59:00.000Z');
    for (const at of [0, 2]) {
      const { objects } = await world();
      const kept = objects.kept.get(slotName(at));
      if (kept) kept.retainedUntil = SOONER;
      expect(await auditObjects(objects, DAYS)).toMatchObject({ findings: [], retainedUntil: SOONER });
    }
  });

  it('names the entries that a finding concerns', async () => {
    const { objects, bundleOf } = await world();
    await objects.create('tile/0/000', Buffer.from('x'));
    objects.mark(slotName(1));
    await objects.create(slotName(1), Buffer.from('forged'));
    objects.mark(bundleOf(2));
    objects.mark('tile/0/000');
    const kept = objects.kept.get(bundleOf(0));
    if (kept) kept.retainedUntil = null;
    const { findings, count, retainedUntil } = await auditObjects(objects, DAYS);
    expect([count, retainedUntil]).toEqual([7, null]);
    const found = findings.map(({ name, fault, entries }) => [name, fault, entries]);
    expect(found).toHaveLength(5);
    expect(found).toEqual(
      expect.arrayContaining([
        [slotName(1), 'deleted', { first: 2, last: 3 }],
        [slotName(1), 'overwritten', { first: 2, last: 3 }],
        [bundleOf(2), 'deleted', { first: 4, last: 5 }],
        [bundleOf(0), 'unretained', { first: 0, last: 1 }],
        ['tile/0/000', 'deleted', null],
      ]),
    );
  });
});
