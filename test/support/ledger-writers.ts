import { digestOf } from '../../src/lib/base/bytes.js';
import { type Clock, instantFromMillis, parseInstant } from '../../src/lib/base/time.js';
import type { AppendOptions } from '../../src/lib/ledger/append.js';
import type { LedgerEvent } from '../../src/lib/ledger/entry.js';

export const ledgerEvent = (fact: number | string, by = 'architect'): LedgerEvent => ({
  at: parseInstant('2026-01-31T09:00:00.000Z'),
  kind: 'request',
  by,
  requestId: 'r-aaaaaaaaaa',
  record: digestOf(String(fact)),
  facts: { fact },
});

/** Time that passes when somebody sleeps, and lets the others run. */
export function virtualClock(): Clock & { readonly slept: number[] } {
  let now = Date.parse('2026-01-31T09:00:00.000Z');
  const slept: number[] = [];
  return {
    slept,
    now: () => instantFromMillis(now),
    sleep: async (milliseconds) => {
      slept.push(milliseconds);
      now += milliseconds;
      await new Promise((done) => setImmediate(done));
    },
  };
}

export const patient = (): AppendOptions => ({ clock: virtualClock(), random: Math.random });
