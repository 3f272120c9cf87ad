import { describe, expect, test } from 'vitest';
import { addSeconds, type Instant, parseInstant } from '../../../src/lib/base/time.js';
import { type AuditHead, drillAuditLedger } from '../../../src/lib/drill/audit-ledger.js';
import type { AuditPlace, Scene } from '../../../src/lib/drill/ports.js';
import { Probe } from '../../../src/lib/drill/probe.js';
import { appendEvents } from '../../../src/lib/ledger/append.js';
import type { ObjectStore } from '../../../src/lib/ledger/objects.js';
import { formatSlot, parseSlot, slotName } from '../../../src/lib/ledger/slot.js';
import { createSlotLedger } from '../../../src/lib/ledger/slots.js';
import { ledgerEvent, patient } from '../../support/ledger-writers.js';
import { createMemoryObjects, type MemoryObjects } from '../../support/memory-objects.js';

const MADE = parseInstant('2026-01-31T09:00:00.000Z');
const HELD = { createdAt: MADE, retainedUntil: addSeconds(MADE, 365 * 86_400) };
const RPO = 3600;

async function ledgerOf(slots: number, objects = createMemoryObjects(HELD)): Promise<MemoryObjects> {
  for (let slot = 0; slot < slots; slot++)
    await appendEvents(createSlotLedger(objects), [ledgerEvent(slot), ledgerEvent('x')], patient());
  return objects;
}

function copyOf(objects: MemoryObjects): MemoryObjects {
  const copy = createMemoryObjects(HELD);
  for (const [name, kept] of objects.kept) copy.kept.set(name, { ...kept, versions: [...kept.versions] });
  return copy;
}

const placeOf = (
  objects: ObjectStore,
  copy: ObjectStore | null = null,
  retentionDays: number | null = 365,
): AuditPlace => ({
  question: async () => ({ objects, signed: null, remembered: null, written: null, retentionDays, repository: null }),
  copy: copy === null ? null : async () => copy,
});

/** What the drill looks at, and nothing else of a scene. */
async function drill(audit: AuditPlace | null, { heads = [] as AuditHead[], now = MADE } = {}) {
  const history = heads.map((auditLedger, at) => ({ said: { auditLedger, quarter: '2026-q1', number: at + 1 } }));
  const state = { plan: { plan: { recovery: { rpoSeconds: RPO } } } };
  const scene: unknown = { audit, history, state, ports: { clock: { now: () => now } } };
  const probe = new Probe('ledger', () => 0);
  const head = await drillAuditLedger(scene as Scene, probe);
  return { head, checks: new Map(probe.checks.map(({ id, status, detail }) => [id, `${status}: ${detail}`])) };
}

describe('the drill of the audit ledger', () => {
  test('has nothing to look at where the repository’s chain is the only ledger', async () => {
    const { head, checks } = await drill(null);
    expect([head, [...checks]]).toEqual([
      null,
      [['ledger.audit', expect.stringMatching(/^none: the plan has no audit/)]],
    ]);
  });

  test('proves it from its first entry on, object by object, and its copy', async () => {
    const objects = await ledgerOf(3);
    const { head, checks } = await drill(placeOf(objects, copyOf(objects)));
    expect(head).toMatchObject({
      entries: 6,
      head: expect.stringMatching(/^sha256:/),
      root: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(checks.get('ledger.audit')).toMatch(/^pass: entries 0 to 5 in 3 slots/);
    expect(checks.get('ledger.audit-store')).toMatch(/^pass: nothing was written twice/);
    expect(checks.get('ledger.audit-copy')).toBe(
      'pass: 6 slots and bundles, each as in the ledger and kept as long; nothing would be lost',
    );
    expect((await drill(placeOf(objects))).checks.get('ledger.audit-copy')).toMatch(/^none: /);
  });

  test('leads through what earlier drills have signed, or fails', async () => {
    const objects = await ledgerOf(2);
    const { head } = await drill(placeOf(objects));
    if (head === null) throw new Error('it is whole');
    await ledgerOf(1, objects);
    expect((await drill(placeOf(objects), { heads: [head] })).checks.get('ledger.audit-through')).toMatch(
      /^pass: .* 1 states/,
    );
    const other = await drill(placeOf(objects), { heads: [head, { ...head, root: 'ab'.repeat(32) }] });
    expect(other.checks.get('ledger.audit-through')).toBe('fail: entries 0 to 3 are not those of drill 2026-q1-2');
    const cut = await drill(placeOf(await ledgerOf(1)), { heads: [head] });
    expect([cut.head, cut.checks.get('ledger.audit-through')]).toEqual([null, expect.stringMatching(/^fail/)]);
  });

  test.each<[string, (objects: MemoryObjects) => void, string, RegExp]>([
    ['a slot is gone', (objects) => objects.lose(slotName(1)), 'ledger.audit', /^fail: entry 2: slot 1 is missing/],
    [
      'a marker lies over one',
      (objects) => objects.mark(slotName(1)),
      'ledger.audit-store',
      /^fail: entry 2: slots\/000000001 has a delete marker/,
    ],
    [
      'one is kept for too short a time',
      (objects) => {
        const kept = objects.kept.get(slotName(2));
        if (kept) kept.retainedUntil = addSeconds(MADE, 86_400);
      },
      'ledger.audit-store',
      /^fail: entry 4: .*less than 365 days/,
    ],
  ])('fails when %s', async (_, damage, id, expected) => {
    const objects = await ledgerOf(3);
    damage(objects);
    const { head, checks } = await drill(placeOf(objects));
    expect(head).toBeNull();
    expect(checks.get(id)).toMatch(expected);
  });

  test('what is not in the copy yet is what would be lost: passes within the plan’s objective, and no longer', async () => {
    const objects = await ledgerOf(3);
    const copy = copyOf(objects);
    copy.lose(slotName(2));
    const soon = await drill(placeOf(objects, copy), { now: addSeconds(MADE, 60) });
    expect(soon.checks.get('ledger.audit-copy')).toBe(
      `pass: 1 of 6 slots and bundles are not in the copy, the oldest, ${slotName(2)}, for 60 s; the plan allows ${RPO} s`,
    );
    const late = await drill(placeOf(objects, copy), { now: addSeconds(MADE, RPO + 1) });
    expect(late.checks.get('ledger.audit-copy')).toMatch(/^fail: .* slots\/000000002, for 3601 s/);
  });

  test('of several that are missing the oldest is named; where the store says no instant, the first', async () => {
    const objects = await ledgerOf(3);
    const copy = copyOf(objects);
    for (const slot of [1, 2]) copy.lose(slotName(slot));
    const now = addSeconds(MADE, RPO + 1);
    const madeAt = (slot: number, createdAt: Instant | null) => {
      const kept = objects.kept.get(slotName(slot));
      if (kept) kept.createdAt = createdAt;
    };
    madeAt(1, addSeconds(MADE, 60));
    const named = async () => (await drill(placeOf(objects, copy), { now })).checks.get('ledger.audit-copy');
    expect(await named()).toMatch(/^fail: 2 of 6 .* the oldest, slots\/000000002, for 3601 s/);
    madeAt(2, null);
    expect(await named()).toMatch(/^pass: 2 of 6 .* the oldest, slots\/000000001, for 3541 s/);
    madeAt(1, null);
    expect(await named()).toBe(
      'fail: 2 of 6 slots and bundles are not in the copy, nobody knows since when: slots/000000001',
    );
  });

  test.each<[string, (copy: MemoryObjects, own: MemoryObjects) => void, RegExp]>([
    [
      'another slot',
      (copy) => {
        const slot = parseSlot(copy.kept.get(slotName(1))?.versions[0] ?? new Uint8Array(), 's');
        copy.replace(slotName(1), formatSlot({ ...slot, count: 1 }));
      },
      /fail: slots\/000000001 is another one in the copy/,
    ],
    [
      'another bundle',
      (copy) => copy.replace(copy.names('bundles/')[0] ?? '', Buffer.from('x')),
      /fail: bundles\/[0-9a-f]{64} is another one/,
    ],
    [
      'a slot that the ledger has lost',
      (_, own) => own.lose(slotName(2)),
      /fail: slots\/000000002 is in the copy alone: the ledger was cut/,
    ],
    ['a marker', (copy) => copy.mark(slotName(0)), /fail: in the copy, slots\/000000000 has a delete marker/],
    [
      'no retention',
      (copy) => {
        const kept = copy.kept.get(slotName(0));
        if (kept) kept.retainedUntil = null;
      },
      /fail: in the copy, slots\/000000000 has no retention/,
    ],
  ])('a copy with %s fails', async (_, damage, expected) => {
    const objects = await ledgerOf(3);
    const copy = copyOf(objects);
    damage(copy, objects);
    expect((await drill(placeOf(objects, copy))).checks.get('ledger.audit-copy')).toMatch(expected);
  });
});
