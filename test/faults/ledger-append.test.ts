import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import { appendEvents } from '../../src/lib/ledger/append.js';
import { EMPTY_HEAD, verifyChain } from '../../src/lib/ledger/chain.js';
import type { ObjectStore } from '../../src/lib/ledger/objects.js';
import { formatBundle, openBundle, parseBundle, sealBatch } from '../../src/lib/ledger/slot.js';
import { createSlotLedger } from '../../src/lib/ledger/slots.js';
import { createFaulty, FAULTS, type Faulty, Killed } from '../support/faulty.js';
import { ledgerEvent, patient } from '../support/ledger-writers.js';
import { createMemoryObjects, type MemoryObjects } from '../support/memory-objects.js';

/** A process whose creates and reads are steps that can go wrong. */
function through(objects: MemoryObjects, { intercept }: Faulty): ObjectStore {
  return {
    ...objects,
    create: (name, bytes) => intercept(`create ${name.split('/')[0]}`, () => objects.create(name, bytes)),
    read: (name) => intercept(`read ${name.split('/')[0]}`, () => objects.read(name)),
  };
}

async function entriesOf(objects: ObjectStore): Promise<Uint8Array[]> {
  const entries: Uint8Array[] = [];
  for await (const batch of createSlotLedger(objects).batches()) entries.push(...batch.entries);
  return entries;
}

const factsOf = (entries: readonly Uint8Array[]) =>
  entries.map((bytes) => JSON.parse(Buffer.from(bytes).toString()).facts.fact as number);

/** Leaves out what is there by now: how a caller makes a command that is run again write nothing twice. */
const unwritten = (objects: ObjectStore, facts: readonly number[]) => async () => {
  const there = new Set(factsOf(await entriesOf(objects)));
  return facts.filter((fact) => !there.has(fact)).map((fact) => ledgerEvent(fact));
};

/** Three appends; answers what was acknowledged before it ended. */
async function run(objects: MemoryObjects, faulty: Faulty): Promise<number[]> {
  const acknowledged: number[] = [];
  const ledger = createSlotLedger(through(objects, faulty));
  try {
    for (const fact of [0, 1, 2]) {
      await appendEvents(ledger, await unwritten(objects, [fact])(), patient());
      acknowledged.push(fact);
    }
  } catch (cause) {
    if (!(cause instanceof Killed || cause instanceof CustodyError)) throw cause;
  }
  return acknowledged;
}

const counted = createFaulty();
await run(createMemoryObjects(), counted);

describe('T51 three appends', () => {
  it('are steps enough', () => {
    expect(counted.steps.filter((step) => step.startsWith('create'))).toHaveLength(6);
  });

  it.each(FAULTS)(
    'of which any step %s: nothing acknowledged is lost, the chain holds, run again it is whole',
    async (fault) => {
      for (const at of counted.steps.keys()) {
        const objects = createMemoryObjects();
        const acknowledged = await run(objects, createFaulty(at, fault));
        const found = factsOf(await entriesOf(objects));
        expect(found.slice(0, acknowledged.length)).toEqual(acknowledged);
        await run(objects, createFaulty());
        const entries = await entriesOf(objects);
        expect(factsOf(entries)).toEqual([0, 1, 2]);
        expect(verifyChain(entries).verdict).toBe('verified');
      }
    },
  );

  it('by writers in any number, of batches of any size, killed anywhere, are one chain of what was acknowledged', async () => {
    const writer = fc.record({
      batches: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      at: fc.integer({ min: 0, max: 60 }),
      fault: fc.constantFrom(...FAULTS),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(writer, { minLength: 1, maxLength: 6 }), async (writers) => {
        const objects = createMemoryObjects();
        const acknowledged: string[] = [];
        const work = writers.map(async ({ batches, at, fault }, name) => {
          const ledger = createSlotLedger(through(objects, createFaulty(at, fault)));
          for (const [turn, size] of batches.entries()) {
            const facts = Array.from({ length: size }, (_, part) => `${name}/${turn}/${part}`);
            const done = await appendEvents(
              ledger,
              facts.map((fact) => ledgerEvent(fact)),
              patient(),
            ).catch((cause: unknown) => {
              if (!(cause instanceof Killed || cause instanceof CustodyError)) throw cause;
              return null;
            });
            if (done === null) return;
            acknowledged.push(...facts);
          }
        });
        await Promise.all(work);
        const entries = await entriesOf(objects);
        if (entries.length > 0) expect(verifyChain(entries).verdict).toBe('verified');
        const found = factsOf(entries) as unknown as string[];
        expect(new Set(found).size).toBe(found.length);
        for (const fact of acknowledged) expect(found).toContain(fact);
      }),
      { numRuns: 60 },
    );
  });
});

describe('bundles', () => {
  const entry = fc.uint8Array({ minLength: 0, maxLength: 300 });

  it('give back their entries', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 20 }), (entries) => {
        const { slot, bundle } = sealBatch(entries, EMPTY_HEAD, EMPTY_HEAD);
        expect(openBundle(bundle, slot, 0).map((bytes) => Buffer.from(bytes))).toEqual(
          entries.map((one) => Buffer.from(one)),
        );
      }),
    );
  });

  it('of any bytes are whole entries, and written again the same bytes, or none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const entries = parseBundle(bytes);
        if (entries !== null) expect(Buffer.from(formatBundle(entries))).toEqual(Buffer.from(bytes));
      }),
    );
  });
});
