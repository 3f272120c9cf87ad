import { describe, expect, it } from 'vitest';
import { digestHex, digestOf } from '../../../src/lib/base/bytes.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { appendEvents } from '../../../src/lib/ledger/append.js';
import { EMPTY_HEAD, link, verifyChain } from '../../../src/lib/ledger/chain.js';
import { MAX_BATCH_ENTRIES } from '../../../src/lib/ledger/entry-row.js';
import type { ObjectStore } from '../../../src/lib/ledger/objects.js';
import { bundleName, formatBundle, formatSlot, parseSlot, type Slot, slotName } from '../../../src/lib/ledger/slot.js';
import { createSlotLedger, readFirstEntry, type SlotLedger } from '../../../src/lib/ledger/slots.js';
import {
  formatRememberedTail,
  laterTail,
  parseRememberedTail,
  type RememberedTail,
  type TailMemory,
  tailAfter,
} from '../../../src/lib/ledger/tail-memory.js';
import { ledgerEvent, patient } from '../../support/ledger-writers.js';
import { createMemoryObjects, type MemoryObjects } from '../../support/memory-objects.js';

const broken = (text: string) =>
  expect.objectContaining({ code: 'LEDGER_BROKEN', message: expect.stringContaining(text) });

/** Ten slots of three entries each. */
async function tenSlots(): Promise<MemoryObjects> {
  const objects = createMemoryObjects();
  const ledger = createSlotLedger(objects);
  for (let slot = 0; slot < 10; slot++) {
    await appendEvents(
      ledger,
      [0, 1, 2].map((at) => ledgerEvent(slot * 3 + at)),
      patient(),
    );
  }
  return objects;
}

function slotAt(objects: MemoryObjects, number: number): Slot {
  const [bytes] = objects.kept.get(slotName(number))?.versions ?? [];
  return parseSlot(bytes ?? new Uint8Array(), slotName(number));
}

function change(objects: MemoryObjects, number: number, fields: Partial<Slot>): void {
  objects.replace(slotName(number), formatSlot({ ...slotAt(objects, number), ...fields }));
}

async function readAll(objects: ObjectStore) {
  const entries: Uint8Array[] = [];
  for await (const batch of createSlotLedger(objects).batches()) entries.push(...batch.entries);
  return entries;
}

describe('the ledger over objects', () => {
  it('is read in one go, from any entry, and in batches', async () => {
    const objects = await tenSlots();
    const ledger = createSlotLedger(objects);
    const stored = await ledger.read(0, 30);
    expect(verifyChain(stored).verdict).toBe('verified');
    for (const [from, to] of [
      [0, 1],
      [4, 5],
      [2, 4],
      [29, 30],
      [7, 23],
      [5, 5],
    ] as const) {
      expect(await ledger.read(from, to)).toEqual(stored.slice(from, to));
    }
    const batches = [];
    for await (const { slot, first, entries } of ledger.batches(10)) batches.push([slot, first, entries.length]);
    expect(batches).toEqual([3, 4, 5, 6, 7, 8, 9].map((slot) => [slot, slot * 3, 3]));
    expect(await ledger.slots()).toBe(10);
    for await (const _ of ledger.batches(30)) expect.unreachable();
    for await (const _ of createSlotLedger(createMemoryObjects()).batches()) expect.unreachable();
  });

  it.each([0, 3, 9])('finds the head from slot %i, which this machine remembers', async (number) => {
    const objects = await tenSlots();
    const ledger = createSlotLedger(objects, { memory: await tailAt(objects, number) });
    expect((await ledger.head()).size).toBe(30);
  });

  it.each([0, 1, 2, 3, 7, 8, 9, 31, 33, 64])('finds a head after %i slots', async (count) => {
    const objects = createMemoryObjects();
    const ledger = createSlotLedger(objects);
    for (let slot = 0; slot < count; slot++) await appendEvents(ledger, [ledgerEvent(slot)], patient());
    expect((await createSlotLedger(objects).head()).size).toBe(count);
  });

  it.each([1, 2, 5])('T41 is not taken for broken by who looks while %i others write', async (others) => {
    const objects = await tenSlots();
    const other = createSlotLedger(objects);
    const busy: ObjectStore = {
      ...objects,
      list: async function* (prefix, after) {
        if (objects.names('slots/').length === 10) {
          for (let turn = 0; turn < others; turn++) await appendEvents(other, [ledgerEvent(turn)], patient());
        }
        // A folder that grows while it is read may miss a name and show a later one.
        for await (const name of objects.list(prefix, after)) if (others === 1 || name !== slotName(10)) yield name;
      },
    };
    expect((await createSlotLedger(busy).head()).size).toBe(30 + others);
    await objects.create('slots/readme', Buffer.from('not a slot'));
    expect((await createSlotLedger(objects).head()).size).toBe(30 + others);
  });

  it('reads ahead a bounded number of objects', async () => {
    const objects = await tenSlots();
    let open = 0;
    let most = 0;
    const counting: ObjectStore = {
      ...objects,
      read: async (name) => {
        most = Math.max(most, ++open);
        await new Promise((done) => setImmediate(done));
        open--;
        return objects.read(name);
      },
    };
    const seen = [];
    for await (const batch of createSlotLedger(counting, { parallel: 3 }).batches()) seen.push(batch.slot);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(most).toBeGreaterThan(2);
    expect(most).toBeLessThanOrEqual(6);
  });
});

/** Each way to damage slot 4 (entries 12 to 14), and what reading says. */
const DAMAGES: readonly (readonly [string, (objects: MemoryObjects) => void, string])[] = [
  ['T39 a slot is gone', (objects) => objects.lose(slotName(4)), 'slot 4 (entry 12): is missing'],
  ['a slot is empty', (objects) => objects.replace(slotName(4), new Uint8Array()), 'slots/000000004'],
  [
    'a slot is not canonical',
    (objects) => objects.replace(slotName(4), Buffer.from(` ${Buffer.from(formatSlot(slotAt(objects, 4)))}`)),
    'not in canonical form',
  ],
  [
    'a slot has a field too much',
    (objects) => objects.replace(slotName(4), formatSlot({ ...slotAt(objects, 4), zebra: 1 } as Slot)),
    'zebra',
  ],
  ['a slot counts no entry', (objects) => change(objects, 4, { count: 0 }), 'count'],
  ['a slot counts one less', (objects) => change(objects, 4, { count: 2 }), 'slot'],
  ['a slot counts one more', (objects) => change(objects, 4, { count: 4 }), 'slot'],
  ['a slot begins too late', (objects) => change(objects, 4, { first: 13 }), 'slot 4 (entry 12): begins with entry 13'],
  [
    'a slot goes on after another entry',
    (objects) => change(objects, 4, { previous: digestOf('x') }),
    'slot 4 (entry 12): names',
  ],
  [
    'a slot goes on after nothing',
    (objects) => change(objects, 4, { previous: null }),
    'slot 4 (entry 12): names none',
  ],
  ['a slot ends with another entry', (objects) => change(objects, 4, { last: digestOf('x') }), 'slot'],
  [
    'a slot is there twice',
    (objects) => objects.replace(slotName(4), formatSlot(slotAt(objects, 3))),
    'slot 4 (entry 12): begins with entry 9',
  ],
  [
    'two slots are swapped',
    (objects) => {
      const [four, five] = [slotAt(objects, 4), slotAt(objects, 5)];
      objects.replace(slotName(4), formatSlot(five));
      objects.replace(slotName(5), formatSlot(four));
    },
    'slot 4 (entry 12): begins with entry 15',
  ],
  [
    'a bundle is gone',
    (objects) => objects.lose(bundleName(slotAt(objects, 4).bundle)),
    'slot 4 (entry 12): its bundle',
  ],
  [
    'a bundle is changed',
    (objects) => {
      const name = bundleName(slotAt(objects, 4).bundle);
      const [bytes] = objects.kept.get(name)?.versions ?? [];
      const changed = Buffer.from(bytes ?? []);
      changed.writeUInt8(changed.readUInt8(20) ^ 1, 20);
      objects.replace(name, changed);
    },
    'slot 4 (entry 12): its bundle has the digest',
  ],
  [
    'a bundle is exchanged together with its slot',
    (objects) => {
      const bundle = formatBundle([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]);
      const digest = digestOf(bundle);
      objects.kept.set(bundleName(digest), { versions: [bundle], createdAt: null, retainedUntil: null });
      change(objects, 4, { bundle: digest });
    },
    'slot 4 (entry 14): is',
  ],
  [
    'a bundle breaks off',
    (objects) => {
      const bundle = Buffer.from([0, 9, 1]);
      const digest = digestOf(bundle);
      objects.kept.set(bundleName(digest), { versions: [bundle], createdAt: null, retainedUntil: null });
      change(objects, 4, { bundle: digest });
    },
    'slot 4 (entry 12): its bundle is not made of whole entries',
  ],
  [
    'the first slot goes on after something',
    (objects) => change(objects, 0, { previous: digestOf('x') }),
    'slot 0 (entry 0)',
  ],
  ['the last slot is another one', (objects) => change(objects, 9, { previous: digestOf('x') }), 'slot 9 (entry 27)'],
];

describe('damage', () => {
  it.each(DAMAGES)('%s: LEDGER_BROKEN', async (_name, damage, message) => {
    const objects = await tenSlots();
    expect(await readAll(objects)).toHaveLength(30);
    damage(objects);
    await expect(readAll(objects)).rejects.toEqual(broken(message));
  });

  it('T39 a gap is no end: nothing is appended into it, and reading names it', async () => {
    for (let lost = 0; lost < 9; lost++) {
      const objects = await tenSlots();
      objects.lose(slotName(lost));
      // The search meets some gaps and steps over others; those are the verifier's, who reads everything.
      const appended = await appendEvents(createSlotLedger(objects), [ledgerEvent(99)], patient()).catch(
        (cause: CustodyError) => cause,
      );
      if (appended instanceof CustodyError) expect(appended).toEqual(broken(`slot ${lost}`));
      else expect(appended.first).toBe(30);
      expect(objects.kept.has(slotName(lost))).toBe(false);
      await expect(readAll(objects)).rejects.toEqual(broken(`slot ${lost}`));
    }
  });

  it('T38 a store that accepts and then loses is noticed by who wrote', async () => {
    const objects = createMemoryObjects();
    const ledger = createSlotLedger(objects);
    await appendEvents(ledger, [ledgerEvent(1)], patient());
    await appendEvents(ledger, [ledgerEvent(2)], patient());
    objects.lose(slotName(1));
    await expect(ledger.head()).rejects.toEqual(broken('slot 1 (entry 1): was there before and is missing'));
  });

  it('T41 a slot that is another one than was seen is noticed', async () => {
    const objects = createMemoryObjects();
    const ledger = createSlotLedger(objects);
    await appendEvents(ledger, [ledgerEvent(1)], patient());
    change(objects, 0, { last: digestOf('x') });
    await expect(ledger.head()).rejects.toEqual(broken('slot 0 (entry 0): is another one than was seen before'));
  });

  it('T40 under a delete marker the first version counts, and an append comes after it', async () => {
    const objects = await tenSlots();
    objects.mark(slotName(9));
    expect((await createSlotLedger(objects).head()).size).toBe(30);
    expect((await appendEvents(createSlotLedger(objects), [ledgerEvent(30)], patient())).first).toBe(30);
  });
});

describe('appending', () => {
  it.each([3, 16])('T41 %i writers at once give one verified chain, and each gets its own sequences', async (count) => {
    const objects = createMemoryObjects();
    const firsts = await Promise.all(
      Array.from({ length: count }, async (_, writer) => {
        const ledger = createSlotLedger(objects);
        const own = [];
        for (let turn = 0; turn < 5; turn++) {
          own.push((await appendEvents(ledger, [ledgerEvent(turn, `w${writer}`)], patient())).first);
        }
        return own;
      }),
    );
    expect(new Set(firsts.flat()).size).toBe(count * 5);
    const entries = await readAll(objects);
    expect(entries).toHaveLength(count * 5);
    expect(verifyChain(entries).verdict).toBe('verified');
    for (const [writer, own] of firsts.entries()) {
      for (const sequence of own) {
        expect(JSON.parse(Buffer.from(entries[sequence] ?? []).toString()).by).toBe(`w${writer}`);
      }
    }
  });

  it('two writers of the very same event write it twice: each was told that it is there', async () => {
    const objects = createMemoryObjects();
    const [left, right] = await Promise.all(
      [1, 2].map(() => appendEvents(createSlotLedger(objects), [ledgerEvent(1)], patient())),
    );
    expect([left?.first, right?.first].sort()).toEqual([0, 1]);
    expect(verifyChain(await readAll(objects)).count).toBe(2);
  });

  it('asks again on each head, so that a caller can leave out what is there by now', async () => {
    const objects = createMemoryObjects();
    const other = createSlotLedger(objects);
    const heads: number[] = [];
    const { entries, first } = await appendEvents(
      createSlotLedger(objects),
      async (head) => {
        heads.push(head.size);
        if (heads.length === 1) await appendEvents(other, [ledgerEvent(1)], patient());
        return head.size === 0 ? [ledgerEvent(1)] : [];
      },
      patient(),
    );
    expect([heads, entries, first]).toEqual([[0, 1], [], 1]);
    expect(await readAll(objects)).toHaveLength(1);
  });

  it('gives up at the deadline, having waited with jitter, and says that nothing was appended', async () => {
    const objects = createMemoryObjects();
    const other = createSlotLedger(objects);
    const options = patient();
    const always = async () => {
      await appendEvents(other, [ledgerEvent(0, 'other')], patient());
      return [ledgerEvent(1)];
    };
    const late = appendEvents(createSlotLedger(objects), always, { ...options, random: () => 1, deadlineSeconds: 10 });
    await expect(late).rejects.toEqual(
      expect.objectContaining({ code: 'CONFLICT', message: expect.stringContaining('10 s') }),
    );
    const { slept } = options.clock as unknown as { slept: number[] };
    expect(slept.slice(0, 8)).toEqual([10, 15, 20, 25, 30, 35, 40, 40]);
    expect((await readAll(objects)).every((bytes) => Buffer.from(bytes).includes('"by":"other"'))).toBe(true);
  });

  it('refuses more than one append may hold, and keeps nothing of it', async () => {
    const objects = createMemoryObjects();
    const limit = expect.objectContaining({ code: 'LIMIT_EXCEEDED' });
    const many = Array.from({ length: MAX_BATCH_ENTRIES + 1 }, () => Buffer.from('x'));
    await expect(createSlotLedger(objects).append(many, EMPTY_HEAD)).rejects.toEqual(limit);
    const large = Array.from({ length: 300 }, () => Buffer.alloc(60_000));
    await expect(createSlotLedger(objects).append(large, EMPTY_HEAD)).rejects.toEqual(limit);
    await expect(createSlotLedger(objects).append([Buffer.alloc(65_536)], EMPTY_HEAD)).rejects.toEqual(limit);
    expect(objects.names()).toEqual([]);
    const { entries } = link([ledgerEvent(1)], EMPTY_HEAD);
    await expect(createSlotLedger(objects).append(entries, { size: 5, digest: digestOf('x') })).rejects.toEqual(
      expect.objectContaining({ code: 'CONFLICT' }),
    );
  });

  it('a role that reads slots by name alone appends, and learns from slots what comes before', async () => {
    const objects = await tenSlots();
    const denied = () => {
      throw new CustodyError('DENIED', 'no');
    };
    const writer: ObjectStore = {
      ...objects,
      read: async (name) => (name.startsWith('slots/') ? objects.read(name) : denied()),
      list: () => ({ [Symbol.asyncIterator]: () => ({ next: async () => denied() }) }),
    };
    expect((await appendEvents(createSlotLedger(writer), [ledgerEvent(30)], patient())).first).toBe(30);
    expect(verifyChain(await readAll(objects)).verdict).toBe('verified');
    await expect(createSlotLedger(writer).read(0, 1)).rejects.toEqual(expect.objectContaining({ code: 'DENIED' }));
  });
});

/** What a store says when something goes wrong, and whether the object is there nevertheless. */
const LOST_ANSWERS = ['UNAVAILABLE', 'TIMEOUT', 'STORAGE'] as const;

describe('T51 a create that is answered with an error', () => {
  const failing = (
    objects: MemoryObjects,
    wrong: { at: number; code: (typeof LOST_ANSWERS)[number]; persisted: boolean; readsFail?: boolean },
  ): ObjectStore => {
    let creates = 0;
    return {
      ...objects,
      create: async (name, bytes) => {
        if (creates++ !== wrong.at) return objects.create(name, bytes);
        if (wrong.persisted) await objects.create(name, bytes);
        throw new CustodyError(wrong.code, 'no answer');
      },
      read: async (name) => {
        if (wrong.readsFail && creates > wrong.at) throw new CustodyError(wrong.code, 'no answer');
        return objects.read(name);
      },
    };
  };

  it.each(LOST_ANSWERS)('but did persist: the slot is recognised, and nothing is appended twice (%s)', async (code) => {
    for (const at of [0, 1]) {
      const objects = createMemoryObjects();
      const ledger = createSlotLedger(failing(objects, { at, code, persisted: true }));
      expect((await appendEvents(ledger, [ledgerEvent(1), ledgerEvent(2)], patient())).head.size).toBe(2);
      expect((await appendEvents(ledger, [ledgerEvent(3)], patient())).first).toBe(2);
      expect(verifyChain(await readAll(objects)).count).toBe(3);
      expect(objects.names('slots/')).toHaveLength(2);
    }
  });

  it('and did not persist: the error comes through, and the same append again is taken once', async () => {
    const objects = createMemoryObjects();
    const ledger = createSlotLedger(failing(objects, { at: 1, code: 'UNAVAILABLE', persisted: false }));
    const { entries, head } = link([ledgerEvent(1)], EMPTY_HEAD);
    await expect(ledger.append(entries, EMPTY_HEAD)).rejects.toEqual(expect.objectContaining({ code: 'UNAVAILABLE' }));
    expect(objects.names('slots/')).toEqual([]);
    expect(await ledger.append(entries, EMPTY_HEAD)).toEqual(head);
    expect(await readAll(objects)).toHaveLength(1);
  });

  it.each([false, true])(
    'and cannot be looked at: the same append again finds its own (head asked first: %s)',
    async (asked) => {
      const objects = createMemoryObjects();
      const wrong = { at: 1, code: 'TIMEOUT' as const, persisted: true, readsFail: true };
      const ledger = createSlotLedger(failing(objects, wrong));
      const { entries, head } = link([ledgerEvent(1)], EMPTY_HEAD);
      await expect(ledger.append(entries, EMPTY_HEAD)).rejects.toEqual(expect.objectContaining({ code: 'TIMEOUT' }));
      wrong.readsFail = false;
      if (asked) expect(await ledger.head()).toEqual(head);
      expect(await ledger.append(entries, EMPTY_HEAD)).toEqual(head);
      expect(objects.names('slots/')).toHaveLength(1);
      // Another process cannot know that, and is told that the ledger has moved.
      await expect(createSlotLedger(objects).append(entries, EMPTY_HEAD)).rejects.toEqual(
        expect.objectContaining({ code: 'CONFLICT' }),
      );
    },
  );

  it('a winner is not taken for ones own', async () => {
    const objects = createMemoryObjects();
    const other = createSlotLedger(objects);
    const ledger = createSlotLedger({
      ...objects,
      create: async (name, bytes) => {
        if (!name.startsWith('slots/')) return objects.create(name, bytes);
        if (objects.names('slots/').length === 0) await appendEvents(other, [ledgerEvent(9)], patient());
        throw new CustodyError('UNAVAILABLE', 'no answer');
      },
    });
    const { entries } = link([ledgerEvent(1)], EMPTY_HEAD);
    await expect(ledger.append(entries, EMPTY_HEAD)).rejects.toEqual(expect.objectContaining({ code: 'CONFLICT' }));
  });

  it('names of bundles are digests', async () => {
    const objects = await tenSlots();
    for (const name of objects.names('bundles/')) {
      const [bytes] = objects.kept.get(name)?.versions ?? [];
      expect(name).toBe(`bundles/${digestHex(digestOf(bytes ?? new Uint8Array()))}`);
    }
  });

  it('a ledger is known by its first entry, whatever comes after', async () => {
    const objects = await tenSlots();
    const [first = new Uint8Array()] = await createSlotLedger(objects).read(0, 1);
    const known = async () => Buffer.from((await readFirstEntry(objects)) ?? []).equals(first);
    expect(await known()).toBe(true);
    const name = bundleName(slotAt(objects, 0).bundle);
    objects.replace(name, Buffer.from(objects.kept.get(name)?.versions[0] ?? []).subarray(0, -1));
    objects.lose(slotName(3));
    expect(await known()).toBe(true);
    objects.replace(name, Buffer.from([0, 9, 1]));
    expect(await readFirstEntry(objects)).toBeNull();
    objects.lose(name);
    expect(await readFirstEntry(objects)).toBeNull();
    objects.replace(slotName(0), Buffer.from('{}'));
    await expect(readFirstEntry(objects)).rejects.toEqual(broken('slots/000000000'));
    expect(await readFirstEntry(createMemoryObjects())).toBeNull();
  });
});

/** What a machine keeps that has seen the ledger end with a slot, or nothing. */
async function tailAt(
  objects: MemoryObjects,
  number: number | null,
): Promise<TailMemory & { kept: RememberedTail | null }> {
  const bytes = number === null ? null : await objects.read(slotName(number));
  const seen = bytes === null || number === null ? null : tailAfter(number, parseSlot(bytes, slotName(number)));
  const memory = {
    kept: seen as RememberedTail | null,
    read: async () => memory.kept,
    write: async (tail: RememberedTail) => {
      memory.kept = laterTail(memory.kept, tail);
    },
  };
  return memory;
}

describe('what a machine remembers of the end (T38)', () => {
  const broken = (about: RegExp) =>
    expect.objectContaining({
      code: 'LEDGER_BROKEN',
      message: expect.stringMatching(about),
      suggestions: [expect.stringContaining('custody ledger verify')],
    });

  it('costs one slot, not a search through the ledger', async () => {
    const objects = await tenSlots();
    const memory = await tailAt(objects, 9);
    const reads: string[] = [];
    const counted = {
      ...objects,
      read: (name: string) => {
        reads.push(name);
        return objects.read(name);
      },
    };
    await createSlotLedger(counted, { memory }).head();
    expect(new Set(reads)).toEqual(new Set([slotName(8), slotName(9), slotName(10)]));
  });

  it.each([
    ['head', (ledger: SlotLedger) => ledger.head()],
    ['carried', (ledger: SlotLedger) => ledger.carried()],
    ['an append', (ledger: SlotLedger) => appendEvents(ledger, [ledgerEvent(99)], patient())],
    [
      'an append on a head that was told',
      async (ledger: SlotLedger) => {
        const head = { size: 24, digest: digestOf('x') };
        return ledger.append(link([ledgerEvent(99)], head).entries, head);
      },
    ],
  ])('%s is refused of a ledger whose end was cut off, and nothing is written', async (_, use) => {
    const objects = await tenSlots();
    const memory = await tailAt(objects, 9);
    for (const number of [8, 9]) objects.lose(slotName(number));
    const before = objects.names();
    await expect(use(createSlotLedger(objects, { memory }))).rejects.toEqual(
      broken(/entry 29, which this machine has seen, is gone: slots\/000000009 is missing/),
    );
    expect(objects.names()).toEqual(before);
    expect(memory.kept?.slot).toBe(9);
  });

  it('a ledger that was emptied, and one that was written anew, are refused', async () => {
    const memory = await tailAt(await tenSlots(), 9);
    await expect(createSlotLedger(createMemoryObjects(), { memory }).head()).rejects.toEqual(broken(/is gone/));
    const other = createMemoryObjects();
    for (let slot = 0; slot < 10; slot++)
      await appendEvents(
        createSlotLedger(other),
        [ledgerEvent(slot, 'x'), ledgerEvent(slot), ledgerEvent(slot)],
        patient(),
      );
    await expect(createSlotLedger(other, { memory }).head()).rejects.toEqual(broken(/entry 29 is another one/));
  });

  it('grows with each append of its own, before it is acknowledged, and never back', async () => {
    const objects = await tenSlots();
    const memory = await tailAt(objects, null);
    await appendEvents(createSlotLedger(objects, { memory }), [ledgerEvent(1)], patient());
    expect(memory.kept).toMatchObject({ slot: 10, size: 31 });
    const full = {
      ...memory,
      read: async () => null,
      write: () => Promise.reject(new CustodyError('STORAGE', 'full')),
    };
    await expect(
      appendEvents(createSlotLedger(objects, { memory: full }), [ledgerEvent(2)], patient()),
    ).rejects.toThrow('full');
    expect(
      laterTail(
        { schema: 1, slot: 3, size: 9, digest: digestOf('a') },
        { schema: 1, slot: 2, size: 8, digest: digestOf('b') },
      )?.slot,
    ).toBe(3);
  });

  it.each([
    '{"schema":2,"slot":1,"size":1,"digest":"sha256:00"}',
    `{"schema":1,"slot":-1,"size":1,"digest":"${digestOf('a')}"}`,
    `{"schema":1,"slot":1,"size":0,"digest":"${digestOf('a')}"}`,
    `{"schema":1,"slot":1,"size":1,"digest":"${digestOf('a')}","more":1}`,
    'nonsense',
  ])('a file %s is STORAGE', (text) => {
    expect(() => parseRememberedTail(Buffer.from(text), 'kept')).toThrow(expect.objectContaining({ code: 'STORAGE' }));
    const good: RememberedTail = { schema: 1, slot: 1, size: 4, digest: digestOf('a') };
    expect(parseRememberedTail(formatRememberedTail(good), 'kept')).toEqual(good);
  });
});
