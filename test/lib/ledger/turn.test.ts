import { describe, expect, it } from 'vitest';
import { appendEvents } from '../../../src/lib/ledger/append.js';
import type { ObjectStore } from '../../../src/lib/ledger/objects.js';
import { createSlotLedger } from '../../../src/lib/ledger/slots.js';
import { afterLossMillis, Turn } from '../../../src/lib/ledger/turn.js';
import { createAgenda } from '../../support/agenda.js';
import { ledgerEvent } from '../../support/ledger-writers.js';
import { createMemoryObjects } from '../../support/memory-objects.js';

/** Writers of one store whose every call takes this long: S3 as it is far away. */
async function race({ writers, appends }: { writers: number; appends: number }, seed: number) {
  const agenda = createAgenda(seed);
  const kept = createMemoryObjects();
  const far = (millis: number) => agenda.clock.sleep(millis * (0.6 + 0.8 * agenda.random()));
  const taken: number[] = [];
  const store = (): ObjectStore => ({
    ...kept,
    create: async (name, bytes) => {
      await far(35);
      return kept.create(name, bytes);
    },
    read: async (name) => {
      await far(40);
      return kept.read(name);
    },
  });
  const work = async () => {
    const ledger = createSlotLedger(store());
    for (let turn = 0; turn < appends; turn++) {
      const began = agenda.millis();
      await appendEvents(ledger, [ledgerEvent(turn)], agenda);
      taken.push(agenda.millis() - began);
    }
  };
  await agenda.run(() => Promise.all(Array.from({ length: writers }, work)));
  const slowest = Math.max(...taken);
  return {
    slowest,
    perSecond: (1000 * taken.length) / agenda.millis(),
    size: (await createSlotLedger(kept).head()).size,
  };
}

describe('16 writers at once', () => {
  it.each([1, 2, 3])(
    'T41 all come to their turn: none waits for seconds while others write again and again (%i)',
    async (seed) => {
      const alone = await race({ writers: 1, appends: 20 }, seed);
      const { slowest, perSecond, size } = await race({ writers: 16, appends: 10 }, seed);
      expect(size).toBe(160);
      // In turn, and without any collision, each would wait for 16 appends of one alone.
      expect(slowest).toBeLessThan((5 * 16 * 1000) / alone.perSecond);
      expect(perSecond).toBeGreaterThan(alone.perSecond / 2);
    },
  );
});

describe('a turn', () => {
  const at = 1_000_000;

  it('is nobody else’s where nobody else writes', () => {
    let seen = 0;
    const turn = new Turn(() => seen);
    expect(turn.waitMillis(at)).toBe(0);
    const since = { count: turn.count, at };
    seen = 1;
    turn.won({ began: at, ended: at + 40 }, since);
    expect(turn.waitMillis(at + 40)).toBe(0);
  });

  it.each([
    [1, 20],
    [4, 80],
    [15, 300],
    [40, 800],
    [1000, 2000],
  ])('comes after half of the %i that were let pass: %i ms of 40 each', (passed, millis) => {
    let seen = 7;
    const turn = new Turn(() => seen);
    const since = { count: turn.count, at: at - 60_000 };
    seen += passed + 1;
    turn.won({ began: at - 40, ended: at }, since);
    expect(turn.waitMillis(at)).toBe(millis);
    expect(turn.waitMillis(at + millis / 2)).toBe(millis / 2);
    expect(turn.waitMillis(at + millis)).toBe(0);
    // A clock that was set back by a year.
    expect(turn.waitMillis(at - 31_536_000_000)).toBe(2000);
  });

  it('is not waited for longer than the append took, however many others were in it', () => {
    let seen = 0;
    const turn = new Turn(() => seen);
    seen = 500;
    turn.won({ began: at, ended: at + 40 }, { count: 0, at });
    expect(turn.waitMillis(at + 40)).toBe(40);
  });

  it('that was lost is tried again about as soon as the winner is done, later where many lose', () => {
    const last = { began: at, ended: at + 40 };
    expect([1, 2, 3, 7, 8, 100].map((lost) => afterLossMillis(last, lost))).toEqual([40, 60, 80, 160, 160, 160]);
    expect(afterLossMillis({ began: at, ended: at }, 1)).toBe(10);
    expect(afterLossMillis({ began: at, ended: at - 5 }, 1)).toBe(10);
    expect(afterLossMillis({ began: at, ended: at + 20_000 }, 1)).toBe(2000);
  });
});
