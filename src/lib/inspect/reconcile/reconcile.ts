import type { Instant } from '../../base/time.js';
import type { Plan } from '../../plan/plan.js';
import type { Case, Refused } from '../../request/case.js';
import type { Roster } from '../../roster/roster.js';
import type { TrailEvent } from '../../trail/event.js';
import { type Check, type CheckReport, verdictOf } from '../check.js';
import { isCycleUpkeep, withoutPlanned } from './by-plan.js';
import { isKeyChange, isTrailChange, type Watched, watchedIn, withoutEchoes } from './change.js';
import { finding, type ReconcileFinding, whoOf } from './finding.js';
import { type KeyChange, type Matched, matchChanges } from './match.js';
import { judgeSlots, type SlotHolders } from './slots.js';

/** What the events of one Region stand for. */
export interface Coverage {
  readonly region: string;
  /** Both null where nothing is covered. */
  readonly from: Instant | null;
  readonly until: Instant | null;
  /** Why that is less than was asked for; null where it is not. */
  readonly gap: string | null;
}

/** Everything that is compared: events on one side, records on the other. */
export interface ReconcileSubject {
  readonly plan: Plan;
  readonly rosters: readonly Roster[];
  readonly watched: Watched;
  /** Names of keys of the plan whose id nobody knows. */
  readonly unknownKeys: readonly string[];
  readonly cases: readonly Case[];
  readonly refused: readonly Refused[];
  readonly slots: SlotHolders;
  readonly events: readonly TrailEvent[];
  /** Records that could not be read, each with its source. */
  readonly unreadable: readonly string[];
  readonly coverage: readonly Coverage[];
  /** From when on receipts are asked about. */
  readonly since: Instant;
}

/** A change that AWS turned down: no finding, but somebody tried. */
export interface DeniedAttempt {
  readonly what: string;
  readonly who: string;
  readonly when: Instant;
  readonly region: string;
  readonly eventId: string;
  readonly errorCode: string;
}

export interface ReconcileReport extends CheckReport {
  readonly coverage: readonly Coverage[];
  readonly findings: readonly ReconcileFinding[];
  readonly denied: readonly DeniedAttempt[];
  readonly counts: {
    readonly events: number;
    readonly changes: number;
    readonly receipts: number;
    readonly slots: number;
  };
}

/**
 * Compares CloudTrail's events with the records: every change of a key of the plan needs an executed request, every receipt an
 * event. What the events do not cover is unproven, never clean (T66).
 */
export function reconcile(given: ReconcileSubject): ReconcileReport {
  const subject = { ...given, events: onceEach(given.events) };
  const { done, denied } = changesIn(subject);
  const { left, planned } = withoutPlanned(done, subject.plan, subject.rosters);
  const matched = matchChanges(left, subject.cases);
  const slots = judgeSlots(subject.events, subject.cases, subject.slots);
  const receipts = judgeReceipts(subject, matched);
  const nonces = noncesTwice(subject.cases);
  const findings = [...matched.findings, ...slots.findings, ...nonces, ...receipts.findings];
  const asked = [
    ...coverageChecks(subject),
    checkOf('changes', [...matched.findings], changesText(done.length, planned)),
    checkOf('receipts', receipts.findings, `${receipts.count} executed requests, each with its events`),
    checkOf('nonces', nonces, `${subject.cases.length} requests, no nonce twice`),
    ...(subject.plan.interlock || slots.slots > 0
      ? [checkOf('slots', slots.findings, `${slots.slots} calls on approval slots, each its seat's or the executor's`)]
      : []),
  ];
  const counts = {
    events: subject.events.length,
    changes: done.length,
    receipts: receipts.count,
    slots: slots.slots,
  };
  return { verdict: verdictOf(asked), checks: asked, coverage: subject.coverage, findings, denied, counts };
}

/** The same event is delivered more than once, and lies in more than one file. */
function onceEach(events: readonly TrailEvent[]): readonly TrailEvent[] {
  return [...new Map(events.map((event) => [event.id, event])).values()];
}

function changesIn({ events, watched: given, plan }: ReconcileSubject) {
  const watched = withNewKeys(events, given);
  const done: KeyChange[] = [];
  const denied: DeniedAttempt[] = [];
  for (const event of withoutEchoes(events.filter(isKeyChange))) {
    const keyName = watchedIn(event, watched);
    const { errorCode } = event;
    if (errorCode === null && keyName !== null && !isCycleUpkeep({ event, keyName }, plan))
      done.push({ event, keyName });
    // A denied call may name no key at all.
    const nameless = event.account === watched.account && event.resources.length === 0;
    if (errorCode !== null && (keyName !== null || nameless)) {
      const { at: when, region, id: eventId } = event;
      const what = `${event.name} ${keyName ?? 'a key that CloudTrail does not name'}`;
      denied.push({ what, who: whoOf(event), when, region, eventId, errorCode });
    }
  }
  return { done, denied };
}

/** A key that says it is this repository's is watched from its first moment. */
function withNewKeys(events: readonly TrailEvent[], watched: Watched): Watched {
  const made = events.filter(
    (event) => event.name === 'CreateKey' && event.errorCode === null && watchedIn(event, watched) === 'a new key',
  );
  const ids = made.flatMap(({ answer, resources }): [string, string][] => {
    const metadata = answer.keyMetadata;
    const arn = typeof metadata === 'object' && metadata !== null && 'arn' in metadata ? metadata.arn : resources[0];
    const id = String(arn ?? '').split(':key/')[1];
    return id === undefined ? [] : [[id, `key ${id}`]];
  });
  return { ...watched, keys: new Map([...ids, ...watched.keys]) };
}

/** Executed requests whose calls CloudTrail does not show, as far as it would have to. */
function judgeReceipts({ cases, coverage, since }: ReconcileSubject, { calls, claimed }: Matched) {
  const findings: ReconcileFinding[] = [];
  let count = 0;
  for (const found of cases) {
    const receipt = found.verdict.receipt?.statement.predicate;
    const begun = found.verdict.intent?.statement.predicate.at;
    if (found.verdict.state !== 'executed' || !receipt || begun === undefined || begun < since) continue;
    const own = calls.filter((one) => one.case === found);
    const missing = own.filter(
      (one) => !claimed.has(one) && isCovered(coverage, one.call.region, begun, receipt.startedAt),
    );
    if (own.length > 0) count++;
    findings.push(
      ...missing.map(({ call }) =>
        finding('receipt-without-event', {
          what: `${call.operation} ${receipt.key?.name ?? ''}`.trim(),
          who: receipt.by,
          when: receipt.finishedAt,
          region: call.region,
          eventId: null,
          request: found.id,
          because: `its receipt says that it was made; the events that were read do not show it`,
        }),
      ),
    );
  }
  return { findings, count };
}

/** What was done just now does not show yet; that nothing is proven of what is too old, the coverage says. */
function isCovered(coverage: readonly Coverage[], region: string, begun: Instant, startedAt: Instant): boolean {
  const found = coverage.find((one) => one.region === region);
  if (!found || found.from === null || found.until === null) return true;
  return startedAt <= found.until && (found.gap === null || begun >= found.from);
}

/** A nonce belongs to one record (T8). */
function noncesTwice(cases: readonly Case[]): readonly ReconcileFinding[] {
  const first = new Map<string, string>();
  return cases.flatMap(({ id, request, verdict }) => {
    const { nonce, by, at } = request.statement.predicate;
    const approvals = new Map(verdict.approvals.map(({ record }) => [record.digest, record.statement.predicate]));
    const own = [
      { nonce, by, at, what: 'request' },
      ...[...approvals.values()].map((one) => ({ ...one, what: 'approval' })),
    ];
    return own.flatMap((one) => {
      const before = first.get(one.nonce);
      first.set(one.nonce, before ?? id);
      if (before === undefined) return [];
      const because = `its nonce was used before, in ${before}`;
      const where = { what: one.what, who: one.by, when: one.at, region: '', eventId: null, request: id };
      return [finding('nonce-twice', { ...where, because })];
    });
  });
}

function coverageChecks({ coverage, unknownKeys, refused, unreadable, events }: ReconcileSubject): readonly Check[] {
  const skip = (id: string, detail: string): Check => ({ id, status: 'skip', detail });
  const stopped = events.filter(isTrailChange);
  return [
    ...coverage.map(
      ({ region, from, until, gap }): Check =>
        gap === null
          ? { id: 'coverage', status: 'pass', detail: `${region}: ${from} to ${until}` }
          : skip('coverage', `${region}: ${gap}`),
    ),
    ...unknownKeys.map((name) => skip('keys', `${name}: no record and no alias at KMS says which key it is`)),
    ...refused.map(({ id, because }) => skip('records', `${id} cannot be judged: ${because}`)),
    ...unreadable.map((detail) => skip('events', detail)),
    ...stopped.map((event) =>
      skip('trail', `${event.name} by ${whoOf(event)} at ${event.at}: files may lack what happened afterwards`),
    ),
  ];
}

function checkOf(id: string, findings: readonly ReconcileFinding[], passed: string): Check {
  const worst = findings.find(({ severity }) => severity !== 'unproven') ?? findings[0];
  if (worst === undefined) return { id, status: 'pass', detail: passed };
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
  const detail = `${worst.what} by ${worst.who}: ${worst.because}${more}`;
  return { id, status: worst.severity === 'unproven' ? 'skip' : 'fail', detail };
}

function changesText(changes: number, planned: number): string {
  const byPlan = planned === 0 ? '' : `, ${planned} of them grants for unwrapping that the plan gives to single seats`;
  return `${changes} changes of keys, each of an executed request${byPlan}`;
}
