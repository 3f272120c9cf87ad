import chalk from 'chalk';
import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant, isInstant, parseDuration } from '../base/time.js';
import type { ReconcileFinding } from '../inspect/reconcile/finding.js';
import {
  coverageOf,
  joined,
  liveKeys,
  lookUpTrail,
  subjectOf,
  type TrailEvidence,
  trailRegions,
} from '../inspect/reconcile/gather.js';
import { type DeniedAttempt, type ReconcileReport, reconcile } from '../inspect/reconcile/reconcile.js';
import type { Plan } from '../plan/plan.js';
import { casesOf } from '../request/desk.js';
import type { Context } from './context.js';
import { heading, mark, wrap } from './render.js';
import { openTrailBucket, readTrailBucket, S3_SCHEME } from './trail-bucket.js';
import { readTrailFiles } from './trail-files.js';

export interface ReconcileFlags {
  readonly since?: string | undefined;
  readonly trail?: readonly string[] | undefined;
}

export type Reconciliation = ReconcileReport & { readonly since: Instant };

/**
 * CloudTrail against the records. Files are read without AWS; else the event history of each Region is.
 * @throws CustodyError USAGE, NOT_FOUND and what reading throws
 */
export async function reconcileFor(context: Context, flags: ReconcileFlags): Promise<Reconciliation> {
  const state = await context.lookUp('remote-if-reachable');
  const { plan } = state.plan;
  const { ports } = await context.desk();
  const now = ports.clock.now();
  const asked = flags.since === undefined ? null : sinceOf(flags.since, now);
  const since = asked ?? state.genesis.statement.predicate.at;
  const { cases, refused } = await casesOf(ports, state);
  const files = flags.trail ?? [];
  const evidence =
    files.length > 0 ? await fromFiles(context, plan, files, asked) : await fromAws(context, plan, since, now);
  const live = files.length > 0 ? new Map<string, string>() : await liveOf(context, plan);
  context.progress.done();
  const report = reconcile(subjectOf({ state, cases, refused, live }, evidence, since));
  return { ...report, since };
}

/** Files, folders and buckets, all of them one trail. */
async function fromFiles(
  context: Context,
  plan: Plan,
  given: readonly string[],
  asked: Instant | null,
): Promise<TrailEvidence> {
  const { tell } = context.progress;
  const paths = given.filter((one) => !one.startsWith(S3_SCHEME));
  const trails = paths.length === 0 ? [] : [await readTrailFiles(paths, tell)];
  for (const one of given.filter((other) => !paths.includes(other))) {
    trails.push(await readTrailBucket(await openTrailBucket(context, plan, one, trailRegions(plan)), asked, tell));
  }
  const trail = joined(trails);
  return { events: trail.events, unreadable: trail.unreadable, coverage: coverageOf(trail, plan, asked) };
}

async function fromAws(
  { access, progress }: Context,
  plan: Plan,
  since: Instant,
  now: Instant,
): Promise<TrailEvidence> {
  return lookUpTrail(await access.trail(plan), plan, since, now, progress.tell);
}

/** Ids of the planned keys as their aliases say. */
export async function liveOf({ access, progress }: Context, plan: Plan): Promise<ReadonlyMap<string, string>> {
  return liveKeys((await access.aws(plan)).reader, plan, progress.tell);
}

/** `30d`, or an instant; a date is its first moment in UTC. @throws CustodyError USAGE */
export function sinceOf(text: string, now: Instant): Instant {
  const seconds = parseDuration(text);
  if (seconds !== null) return addSeconds(now, -seconds);
  const instant = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00.000Z` : text.replace(/:(\d\d)Z$/, ':$1.000Z');
  if (isInstant(instant)) return instant;
  throw new CustodyError('USAGE', `not a time: ${text.slice(0, 64)}`, {
    suggestions: ['Write 2026-01-31, 2026-01-31T09:00:00Z, or how long ago: 36h, 30d.'],
  });
}

const MOST_SHOWN = 20;
const STATUS = { critical: 'fail', high: 'fail', unproven: 'skip' } as const;

/** A report at a glance: what was looked at, then each finding with who, when and why. */
export function reconcileText({ verdict, checks, findings, denied }: ReconcileReport): string {
  const colour = verdict === 'verified' ? chalk.green : verdict === 'refused' ? chalk.red : chalk.yellow;
  return [
    ...checks.map(({ id, status, detail }) => `${mark(status)} ${id.padEnd(9)} ${wrap(detail, 12)}`),
    ...(findings.length > 0 ? ['', heading('Findings')] : []),
    ...limited(findings, findingText),
    ...(denied.length > 0 ? ['', heading('Denied attempts (AWS turned them down)')] : []),
    ...limited(denied, deniedText),
    '',
    colour(verdict),
  ].join('\n');
}

function limited<T>(items: readonly T[], text: (item: T) => string): readonly string[] {
  const more = items.length > MOST_SHOWN ? [`  and ${items.length - MOST_SHOWN} more (--json lists them)`] : [];
  return [...items.slice(0, MOST_SHOWN).map(text), ...more];
}

function findingText({ id, severity, what, who, when, region, eventId, because }: ReconcileFinding): string {
  const place = region === '' ? '' : ` in ${region}`;
  const event = eventId === null ? '' : ` [event ${eventId}]`;
  return [
    `${mark(STATUS[severity])} ${wrap(`${id} (${severity}): ${what}${place}`, 2)}`,
    `    ${wrap(`${when ?? ''} ${who}`.trim(), 4)}`,
    `    ${wrap(`${because}${event}`, 4)}`,
  ].join('\n');
}

function deniedText({ what, who, when, region, errorCode }: DeniedAttempt): string {
  return `  ${wrap(`${when} ${what} in ${region} by ${who}: ${errorCode}`, 4)}`;
}
