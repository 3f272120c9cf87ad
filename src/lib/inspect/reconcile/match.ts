import type { Case } from '../../request/case.js';
import type { TrailEvent } from '../../trail/event.js';
import {
  type ApprovedCall,
  approvedCalls,
  isByExecutor,
  isCallOf,
  isInWindow,
  judgeCall,
  lostAnswers,
  madeKeys,
  mayBePlayedAgain,
} from './approved-call.js';
import { eventFinding, type ReconcileFinding } from './finding.js';
import { compareParameters } from './parameters.js';

/** A change with the name of the key that it is about. */
export interface KeyChange {
  readonly event: TrailEvent;
  readonly keyName: string;
}

export interface Matched {
  readonly findings: readonly ReconcileFinding[];
  /** The event of each approved call that was found. */
  readonly claimed: ReadonlyMap<ApprovedCall, TrailEvent>;
  /** Every approved call, found or not. */
  readonly calls: readonly ApprovedCall[];
}

/** Gives each change the approved call that it is, once, and says what is wrong with those that have none. */
export function matchChanges(changes: readonly KeyChange[], cases: readonly Case[]): Matched {
  const calls = approvedCalls(cases, madeKeys(changes.map(({ event }) => event)));
  const matching = new Matching(calls, cases);
  const inOrder = [...changes].sort((a, b) => (a.event.at < b.event.at ? -1 : 1));
  // Request ids first: a call that a receipt names must not be taken for one whose answer was lost.
  const unnamed = inOrder.filter((change) => !matching.byReceipt(change));
  for (const change of unnamed) matching.byWindow(change);
  return { findings: matching.findings, claimed: matching.claimed, calls };
}

class Matching {
  readonly findings: ReconcileFinding[] = [];
  readonly claimed = new Map<ApprovedCall, TrailEvent>();
  readonly #calls: readonly ApprovedCall[];
  readonly #lost: Map<string, number>;
  readonly #receiptOf: ReadonlyMap<string, Case>;

  constructor(calls: readonly ApprovedCall[], cases: readonly Case[]) {
    this.#calls = calls;
    this.#lost = new Map(cases.map((found) => [found.id, lostAnswers(found)]));
    this.#receiptOf = new Map(
      cases.flatMap((found) =>
        (found.verdict.receipt?.statement.predicate.awsRequestIds ?? []).map((id): [string, Case] => [id, found]),
      ),
    );
  }

  /** Whether a receipt names this very call. */
  byReceipt(change: KeyChange): boolean {
    const { event, keyName } = change;
    const found = event.requestId === null ? undefined : this.#receiptOf.get(event.requestId);
    if (found === undefined) return false;
    const own = this.#calls.filter((one) => one.case === found && isCallOf(one, event));
    if (this.#claim(own, change)) return true;
    const what = `${event.name} ${keyName}`;
    const because =
      own.length === 0
        ? `the receipt of ${found.id} names this call, but the request is for ${callsOf(found)}`
        : `${found.id} approved it once`;
    const id = own.length === 0 ? 'receipt-of-another-call' : 'played-twice';
    this.findings.push(eventFinding(id, event, { what, because, request: found.id }));
    return true;
  }

  /** A call whose answer was lost; else one that nothing stands for. */
  byWindow(change: KeyChange): void {
    const { event, keyName } = change;
    const open = this.#calls.filter(
      (one) =>
        (this.#lost.get(one.case.id) ?? 0) > 0 &&
        isCallOf(one, event) &&
        isByExecutor(one, event) &&
        isInWindow(one, event.at),
    );
    if (this.#claim(open, change)) return;
    const again = this.#calls.find((one) => this.claimed.has(one) && mayBePlayedAgain(one, event));
    const what = `${event.name} ${keyName}`;
    this.findings.push(
      again
        ? eventFinding('played-twice', event, {
            what,
            because: playedBecause(again, this.claimed),
            request: again.case.id,
          })
        : eventFinding('unapproved-change', event, { what, because: 'no executed request stands for this call' }),
    );
  }

  /** Takes the first call that is still free, one whose parameters agree before any other. */
  #claim(own: readonly ApprovedCall[], { event, keyName }: KeyChange): boolean {
    const free = own.filter((one) => !this.claimed.has(one));
    const agreeing = free.find(({ call }) => compareParameters(call, event).other.length === 0);
    const taken = agreeing ?? free[0];
    if (taken === undefined) return false;
    this.claimed.set(taken, event);
    if (this.#receiptOf.get(event.requestId ?? '') !== taken.case) {
      this.#lost.set(taken.case.id, (this.#lost.get(taken.case.id) ?? 0) - 1);
    }
    this.findings.push(...judgeCall(taken, event, keyName));
    return true;
  }
}

function callsOf({ request }: Case): string {
  const { calls, key } = request.statement.predicate;
  return `${calls.map(({ operation, region }) => `${operation} in ${region}`).join(', ')} of ${key?.name ?? 'no key'}`;
}

function playedBecause(again: ApprovedCall, claimed: ReadonlyMap<ApprovedCall, TrailEvent>): string {
  const first = claimed.get(again);
  const { id } = again.case;
  if (first === undefined) return `${id} approved it once`;
  return `${id} approved it once, and it was made at ${first.at} (event ${first.id})`;
}
