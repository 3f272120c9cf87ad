import { CustodyError } from '../base/errors.js';
import { type Clock, millisOf } from '../base/time.js';
import { link } from './chain.js';
import type { LedgerEvent } from './entry.js';
import type { LedgerHead, LedgerStore } from './store.js';
import { afterLossMillis, type Try } from './turn.js';

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

/**
 * Appends after whatever the ledger ends with: links, appends, and does both again when another writer was faster.
 * @throws CustodyError CONFLICT when others were faster until the deadline; what the store throws
 */
export async function appendEvents(store: LedgerStore, events: Events, options: AppendOptions): Promise<Appended> {
  const { clock, random, deadlineSeconds = 120 } = options;
  const now = () => millisOf(clock.now());
  const since = { at: now(), count: store.turn?.count ?? 0 };
  const end = since.at + deadlineSeconds * 1000;
  const back = store.turn?.waitMillis(since.at) ?? 0;
  if (back > 0) await clock.sleep(back);
  for (let lost = 1; ; lost++) {
    const began = now();
    const before = await store.head();
    const { entries } = link(typeof events === 'function' ? await events(before) : events, before);
    if (entries.length === 0) return { first: before.size, entries, head: before };
    const head = await appendAfter(store, entries, before);
    const last: Try = { began, ended: now() };
    if (!(head instanceof CustodyError)) {
      store.turn?.won(last, since);
      return { first: before.size, entries, head };
    }
    if (last.ended >= end) throw neverFirst(head, lost, deadlineSeconds);
    // Writers that collided must not meet again.
    await clock.sleep(Math.ceil(random() * afterLossMillis(last, lost)));
  }
}

/** The new head, or the CONFLICT of who was too late. */
async function appendAfter(
  store: LedgerStore,
  entries: readonly Uint8Array[],
  before: LedgerHead,
): Promise<LedgerHead | CustodyError> {
  try {
    return await store.append(entries, before);
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'CONFLICT') return cause;
    throw cause;
  }
}

function neverFirst(cause: CustodyError, attempts: number, seconds: number): CustodyError {
  return new CustodyError('CONFLICT', `others were faster ${attempts} times in ${seconds} s; nothing was appended`, {
    cause,
    suggestions: ['Run the command again.'],
  });
}
