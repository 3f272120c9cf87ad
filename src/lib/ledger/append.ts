import { CustodyError } from '../base/errors.js';
import { type Clock, millisOf } from '../base/time.js';
import { link } from './chain.js';
import type { LedgerEvent } from './entry.js';
import type { LedgerHead, LedgerStore } from './store.js';

export interface AppendOptions {
  readonly clock: Clock;
  /** From 0 to 1: the jitter of tries. */
  readonly random: () => number;
  /** How long to try again while others are faster; 120 s unless told. */
  readonly deadlineSeconds?: number;
}

export interface Appended {
  /** The sequence of the first entry; that of the next one when there were no events. */
  readonly first: number;
  readonly entries: readonly Uint8Array[];
  readonly head: LedgerHead;
}

/**
 * What to append. A function is asked again on each head that it comes to, so that it can leave out what has been
 * written meanwhile: what makes an event the same is known to the caller alone.
 */
export type Events = readonly LedgerEvent[] | ((head: LedgerHead) => Promise<readonly LedgerEvent[]>);

const FIRST_BACKOFF_MILLIS = 20;
const MAX_BACKOFF_MILLIS = 2_000;

/**
 * Appends after whatever the ledger ends with: links, appends, and does both again when another writer was faster.
 * @throws CustodyError CONFLICT when others were faster until the deadline; what the store throws
 */
export async function appendEvents(store: LedgerStore, events: Events, options: AppendOptions): Promise<Appended> {
  const { clock, random, deadlineSeconds = 120 } = options;
  const end = millisOf(clock.now()) + deadlineSeconds * 1000;
  for (let attempt = 0; ; attempt++) {
    const before = await store.head();
    const { entries } = link(typeof events === 'function' ? await events(before) : events, before);
    if (entries.length === 0) return { first: before.size, entries, head: before };
    try {
      return { first: before.size, entries, head: await store.append(entries, before) };
    } catch (cause) {
      if (!(cause instanceof CustodyError && cause.code === 'CONFLICT')) throw cause;
      if (millisOf(clock.now()) >= end) throw neverFirst(cause, attempt + 1, deadlineSeconds);
    }
    // Full jitter: writers that collided once must not meet again.
    await clock.sleep(Math.ceil(random() * Math.min(MAX_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS * 2 ** attempt)));
  }
}

function neverFirst(cause: CustodyError, attempts: number, seconds: number): CustodyError {
  return new CustodyError('CONFLICT', `others were faster ${attempts} times in ${seconds} s; nothing was appended`, {
    cause,
    suggestions: ['Run the command again.'],
  });
}
