import { once } from '../../base/once.js';
import { addSeconds, type Instant, instantFromMillis, millisOf, secondsBetween } from '../../base/time.js';
import { isKeyArn, type KeyReader, partsOf } from '../../key/key.js';
import type { ObservedEstate } from '../../plan/estate.js';
import type { Plan } from '../../plan/plan.js';
import { accountRolesOf } from '../../policy/account-roles.js';
import type { Case, Refused } from '../../request/case.js';
import { observeEstate } from '../../request/estate.js';
import type { InForce } from '../../request/in-force.js';
import { knownKeys } from '../../request/known-keys.js';
import type { Roster } from '../../roster/roster.js';
import type { TrailEvent } from '../../trail/event.js';
import { DELIVERY_SECONDS, HISTORY_SECONDS, type TrailReader } from '../../trail/reader.js';
import { isOfInterest, KMS_NAMES, SLOT_NAMES } from './change.js';
import type { Coverage, ReconcileSubject } from './reconcile.js';

/** Events with what they cover. */
export interface TrailEvidence {
  readonly events: readonly TrailEvent[];
  readonly unreadable: readonly string[];
  readonly coverage: readonly Coverage[];
}

/** IAM is recorded in one Region a partition (CloudTrail User Guide, "Global service events"). */
const IAM_REGION: Readonly<Record<string, string>> = {
  aws: 'us-east-1',
  'aws-cn': 'cn-north-1',
  'aws-us-gov': 'us-gov-west-1',
};

/** Which names are wanted of which Region. */
function wanted({ regions, partition, interlock }: Plan): ReadonlyMap<string, readonly string[]> {
  const kms = [regions.primary, ...regions.replicas].map((region): [string, readonly string[]] => [region, KMS_NAMES]);
  const iam = IAM_REGION[partition];
  const names = new Map(kms);
  if (interlock && iam !== undefined) names.set(iam, [...(names.get(iam) ?? []), ...SLOT_NAMES]);
  return names;
}

/** Where events of interest are recorded. */
export function trailRegions(plan: Plan): readonly string[] {
  return [...wanted(plan).keys()];
}

/** Looks the events up, name by name, all Regions at once. @throws CustodyError what the reader throws */
export async function lookUpTrail(
  reader: TrailReader,
  plan: Plan,
  since: Instant,
  now: Instant,
  tell: (text: string) => void,
): Promise<TrailEvidence> {
  const oldest = addSeconds(now, -HISTORY_SECONDS);
  const from = since < oldest ? oldest : since;
  const until = addSeconds(now, -DELIVERY_SECONDS);
  const events: TrailEvent[] = [];
  const unreadable: string[] = [];
  const regions = [...wanted(plan)];
  await Promise.all(
    regions.map(async ([region, names]) => {
      tell(`Asking CloudTrail in ${region} for ${names.length} kinds of calls`);
      for (const name of names) {
        const part = await reader.events(region, name, from);
        events.push(...part.events);
        if (part.unreadable > 0) unreadable.push(`${part.unreadable} events of ${name} in ${region} are not readable`);
      }
    }),
  );
  const gap = historyGap(since, from, until);
  return { events, unreadable, coverage: regions.map(([region]) => ({ region, from, until, gap })) };
}

function historyGap(since: Instant, from: Instant, until: Instant): string | null {
  if (since < from) return `CloudTrail's event history keeps 90 days: nothing is proven from ${since} to ${from}`;
  return until < from ? `nothing is covered yet: CloudTrail shows events up to 15 minutes late` : null;
}

/** What files hold; whether that is everything, they cannot tell. */
export interface FileTrail {
  readonly events: TrailEvent[];
  readonly unreadable: string[];
  /** By Region, of interest or not. */
  readonly spans: Map<string, Span>;
}

interface Span {
  first: Instant;
  last: Instant;
  /** Hours in which something happened, by their beginning. */
  readonly hours: Set<Instant>;
}

/** Where nothing at all happened for a day, files may be missing (T66). */
const SILENCE_SECONDS = 86_400;

/**
 * What files cover: from their first event to their last in each Region, if no day of it is silent.
 * @param since null where nobody said: then from the first event on
 */
export function coverageOf({ spans }: FileTrail, plan: Plan, since: Instant | null): readonly Coverage[] {
  return trailRegions(plan).map((region) => {
    const span = spans.get(region);
    if (span === undefined) return { region, from: null, until: null, gap: 'the files hold no event of it' };
    const { first, last, hours } = span;
    const from = since !== null && since > first ? since : first;
    const between = [...hours].filter((hour) => hour > from && hour < last).sort();
    return {
      region,
      from,
      until: last,
      gap: silenceIn([since ?? first, ...(from === since ? [] : [first]), ...between, last]),
    };
  });
}

function silenceIn(marks: readonly Instant[]): string | null {
  for (const [at, later] of marks.slice(1).entries()) {
    const earlier = marks[at] ?? later;
    if (secondsBetween(earlier, later) > SILENCE_SECONDS)
      return `the files hold nothing from ${earlier} to ${later}: files may be missing`;
  }
  return null;
}

/** Keeps of a file what may matter, so that a year of logs fits. */
export function addToTrail(trail: FileTrail, events: readonly TrailEvent[]): void {
  for (const event of events) {
    const span = spanIn(trail, event.region, event.at);
    widen(span, event.at);
    span.hours.add(instantFromMillis(Math.floor(millisOf(event.at) / 3_600_000) * 3_600_000));
    if (isOfInterest(event)) trail.events.push(event);
  }
}

function spanIn({ spans }: FileTrail, region: string, at: Instant): Span {
  return once(spans, region, () => ({ first: at, last: at, hours: new Set() }));
}

function widen(span: Span, at: Instant): void {
  if (at < span.first) span.first = at;
  if (at > span.last) span.last = at;
}

export function emptyTrail(): FileTrail {
  return { events: [], unreadable: [], spans: new Map() };
}

/** Several as one. */
export function joined(trails: readonly FileTrail[]): FileTrail {
  const whole = emptyTrail();
  for (const { events, unreadable, spans } of trails) {
    whole.events.push(...events);
    whole.unreadable.push(...unreadable);
    for (const [region, { first, last, hours }] of spans) {
      const span = spanIn(whole, region, first);
      widen(span, first);
      widen(span, last);
      for (const hour of hours) span.hours.add(hour);
    }
  }
  return whole;
}

/** What the repository says, for a comparison with events. */
export interface Books {
  readonly state: Pick<InForce, 'plan' | 'plans' | 'roster' | 'rosters'>;
  readonly cases: readonly Case[];
  readonly refused: readonly Refused[];
  /** Key ids by name as KMS has them now; empty where it was not asked. */
  readonly live: ReadonlyMap<string, string>;
}

/** Ids of planned keys as their aliases say: those that no request has made. */
export async function liveKeys(reader: KeyReader, plan: Plan, tell: (text: string) => void) {
  return liveKeysIn(await observeEstate(reader, plan, tell));
}

/** The same of keys that were looked at already. */
export function liveKeysIn(estate: ObservedEstate): ReadonlyMap<string, string> {
  const found = Object.values(estate).flatMap((keys) => Object.entries(keys ?? {}));
  return new Map(found.flatMap(([name, key]) => (key ? [[name, key.description.keyId] as const] : [])));
}

/** Both sides as one subject. */
export function subjectOf(books: Books, evidence: TrailEvidence, since: Instant): ReconcileSubject {
  const { state, cases, refused, live } = books;
  const { plan } = state.plan;
  const keys = watchedKeys(plan, cases, live);
  const named = new Set(keys.values());
  return {
    plan,
    rosters: state.rosters,
    watched: {
      account: plan.account,
      repository: state.roster.repository,
      keys,
      aliases: new Set(Object.values(plan.keys).map(({ alias }) => alias)),
      buckets: new Set(ledgerBuckets(plan).map(({ bucket }) => bucket)),
    },
    unknownKeys: Object.keys(plan.keys).filter((name) => !named.has(name)),
    cases,
    refused,
    slots: slotHolders(plan, state.rosters),
    since,
    ...evidence,
    // CloudTrail's instants are whole seconds, cut off.
    events: evidence.events.filter(({ at }) => at > addSeconds(since, -1)),
  };
}

/** The buckets of the plan's audit ledger, the one that is written to first; none where it is not in S3. */
export function ledgerBuckets({ ledger }: Plan): readonly { readonly region: string; readonly bucket: string }[] {
  const { s3 } = ledger;
  if (ledger.store !== 's3' || s3 === undefined) return [];
  return [s3, ...(s3.replica === undefined ? [] : [s3.replica])];
}

/** Every key that a request was about, too: one that was replaced is still there. */
function watchedKeys(plan: Plan, cases: readonly Case[], live: ReadonlyMap<string, string>) {
  const asked = cases.flatMap(({ request, verdict }): [string, string][] => {
    const { key, parameters } = request.statement.predicate;
    const receipt = verdict.receipt?.statement.predicate.key;
    const target = isKeyArn(parameters.to) ? partsOf(parameters.to).keyId : null;
    const ids = [key?.keyId, receipt?.keyId, target].filter((id) => typeof id === 'string');
    return ids.map((id): [string, string] => [id, key?.name ?? receipt?.name ?? id]);
  });
  const byName = [...live, ...knownKeys(plan, cases)].map(([name, id]): [string, string] => [id, name]);
  return new Map([...asked, ...byName]);
}

function slotHolders(plan: Plan, rosters: readonly Roster[]): ReconcileSubject['slots'] {
  const roles = rosters.map((roster) => accountRolesOf(roster, plan.interlock ?? undefined));
  const seats = new Map<string, Set<string>>();
  for (const { id, roleArn } of roles.flatMap((one) => one.seats)) {
    seats.set(id, new Set([...(seats.get(id) ?? []), roleArn]));
  }
  return { plan, seats, executors: new Set(roles.flatMap(({ executor, cold }) => [executor, cold])) };
}
