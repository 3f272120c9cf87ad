/**
 * How writers of one ledger that know nothing of each other take turns: who has lost tries again soon, who has won after
 * others were let pass stays back for a while. All that each of them knows is how many appends it has seen.
 */

/** Nobody waits longer before a try. */
const MAX_MILLIS = 2_000;
/** What a try is taken to last at least: a clock shows no less. */
const LEAST_TRY_MILLIS = 10;
/** After many lost tries there are many writers: so many tries' time is waited at most. */
const MOST_TRIES = 4;

/** One append from its beginning to its end. */
export interface Try {
  /** Milliseconds since 1970. */
  readonly began: number;
  readonly ended: number;
}

export class Turn {
  #notBefore = 0;

  /** @param seen how many appends, of whomever, this writer has seen */
  constructor(private readonly seen: () => number) {}

  get count(): number {
    return this.seen();
  }

  /** How long to stay back before the first try, in milliseconds. A clock that was set back makes it no longer than usual. */
  waitMillis(now: number): number {
    return Math.min(MAX_MILLIS, Math.max(0, this.#notBefore - now));
  }

  /**
   * An append is done. Who let others pass stays back for half the time that they need to pass again; with all of it the
   * place would lie idle where their number falls.
   * @param since how many appends it had seen, and when, as it began to wait
   */
  won(last: Try, since: { readonly count: number; readonly at: number }): void {
    const passed = Math.max(0, this.seen() - since.count - 1);
    const theirs = (passed * (last.ended - last.began)) / 2;
    this.#notBefore = last.ended + Math.min(theirs, last.ended - since.at, MAX_MILLIS);
  }
}

/** How long who has lost waits at most, in milliseconds: about as long as the winner needs. @param lost how many tries, with this one */
export function afterLossMillis({ began, ended }: Try, lost: number): number {
  const tries = Math.min(MOST_TRIES, (lost + 1) / 2);
  return Math.min(MAX_MILLIS, Math.max(LEAST_TRY_MILLIS, ended - began) * tries);
}
