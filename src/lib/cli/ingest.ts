import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { createTrailHistory } from '../aws/trail-history.js';
import { createTrailKeys } from '../aws/trail-keys.js';
import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import { createCacheFile } from '../fs/known-cache.js';
import { linesOf } from '../fs/lines.js';
import { stateDirectory } from '../fs/places.js';
import { createTrailDirectory } from '../fs/trail-directory.js';
import { type DigestRule, sourceOfFiles } from '../ingest/from-files.js';
import { sourceOfHistory } from '../ingest/from-history.js';
import { MAX_LINE_BYTES, sourceOfLines } from '../ingest/from-lines.js';
import { type IngestPorts, ingest } from '../ingest/ingest.js';
import { type Known, openKnown } from '../ingest/known.js';
import type { IngestReport } from '../ingest/report.js';
import type { Source } from '../ingest/source.js';
import { ledgerBuckets, subjectOf } from '../inspect/reconcile/gather.js';
import type { Plan } from '../plan/plan.js';
import { casesOf } from '../request/desk.js';
import type { InForce } from '../request/in-force.js';
import { parsePublicKeys, type TrailKeys } from '../trail/digest-signature.js';
import type { TrailFiles } from '../trail/files.js';
import { seatOfRole } from './acting.js';
import { checksText } from './checks.js';
import type { Context } from './context.js';
import { readGiven } from './draft.js';
import { ingestLedger } from './ingest-ledger.js';
import { liveOf, sinceOf } from './reconcile.js';
import { openTrailBucket } from './trail-bucket.js';
import { visible } from './visible.js';

export interface IngestFlags {
  readonly lookup?: boolean | undefined;
  readonly s3?: string | undefined;
  readonly directory?: string | undefined;
  readonly stdin?: boolean | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly digests: DigestRule;
  readonly publicKeys?: string | undefined;
}

/** A name in S3 has at most 1024 bytes. */
const LONGEST = 2000;
/** What a delivery may be late by, and some: a run looks at this much of what the last one saw again. */
const OVERLAP_SECONDS = 86_400;

/**
 * Takes KMS events into the audit ledger of the plan.
 * @throws CustodyError INPUT_MISSING, USAGE, NOT_FOUND and what reading and appending throw
 */
export async function ingestFor(context: Context, flags: IngestFlags): Promise<IngestReport> {
  const state = await context.lookUp('remote-if-reachable');
  const { ports } = await context.desk();
  const { plan } = state.plan;
  const now = ports.clock.now();
  const { tell } = context.progress;
  const store = await ingestLedger(context, plan);
  const cache = createCacheFile(join(stateDirectory(context.environment, state.genesis.digest), 'ingested'));
  const own: IngestPorts = { store, cache, clock: ports.clock, random: () => randomInt(1_000_000) / 1_000_000, tell };
  const by = await actorOf(context, state);
  const known = await openKnown(store, cache, tell);
  const window = { since: momentOf(flags.since, now), until: momentOf(flags.until, now) };
  const until = window.until ?? now;
  const source = await sourceOf(context, plan, flags, { ...window, now, until, known });
  const { watched, unknownKeys } = await watchedOf(context, state, flags.lookup === true || flags.s3 !== undefined);
  const report = await ingest(own, { source, known, watched, unknownKeys, window, until, by });
  context.progress.done();
  return report;
}

/** An entry names who made it; nothing is signed, so no key is opened. */
async function actorOf(context: Context, { roster, plan }: InForce): Promise<string> {
  const { pin } = await context.desk();
  const given = context.flags.as ?? pin.as;
  const id = given ?? (await seatOfRole(await context.access.aws(plan.plan), roster));
  const listed: readonly string[] = [...roster.custodians, ...roster.automation].map((seat) => seat.id);
  if (id !== undefined && listed.includes(id)) return id;
  throw new CustodyError(
    id === undefined ? 'INPUT_MISSING' : 'SIGNER_UNKNOWN',
    'it is not clear who takes the events in',
    {
      suggestions: [`Give --as; listed: ${listed.join(', ')}.`],
    },
  );
}

function momentOf(given: string | undefined, now: Instant): Instant | null {
  return given === undefined ? null : sinceOf(given, now);
}

interface Moment {
  /** What was asked for. */
  readonly since: Instant | null;
  readonly now: Instant;
  readonly until: Instant;
  readonly known: Known;
}

async function sourceOf(context: Context, plan: Plan, flags: IngestFlags, moment: Moment): Promise<Source> {
  const { now, until } = moment;
  const { tell } = context.progress;
  const regions = [plan.regions.primary, ...plan.regions.replicas];
  if (flags.stdin) return sourceOfLines(linesOf(process.stdin, MAX_LINE_BYTES));
  if (flags.lookup) {
    const history = createTrailHistory(await context.access.connection(plan));
    const buckets = ledgerBuckets(plan);
    return sourceOfHistory({ history, regions, buckets, from: fromOf(moment, 'lookup'), until, now, tell });
  }
  const { name, files } = await filesOf(context, plan, flags);
  const scopes = regions.map((region) => `${plan.account}/${region}`);
  const keys = await keysOf(context, plan, flags);
  const from = fromOf(moment, name);
  return sourceOfFiles({ name, files, keys, rule: flags.digests, scopes, from, until, now, tell });
}

/** Since the last run of the same source, with what may have been late for it. */
function fromOf({ since, known }: Moment, name: string): Instant | null {
  if (since !== null) return since;
  const mark = known.marks.get(name);
  return mark === undefined ? null : addSeconds(mark, -OVERLAP_SECONDS);
}

async function filesOf(
  context: Context,
  plan: Plan,
  flags: IngestFlags,
): Promise<{ readonly name: string; readonly files: TrailFiles }> {
  if (flags.directory !== undefined) {
    return { name: `directory ${flags.directory}`, files: createTrailDirectory(flags.directory) };
  }
  return openTrailBucket(context, plan, flags.s3 ?? '', [plan.regions.primary, ...plan.regions.replicas]);
}

/** From a file of the caller's, which he vouches for, or from CloudTrail. */
async function keysOf(context: Context, plan: Plan, { publicKeys }: IngestFlags): Promise<TrailKeys> {
  if (publicKeys === undefined) return createTrailKeys(await context.access.connection(plan));
  const keys = parsePublicKeys(await readGiven(publicKeys, 1024 * 1024), publicKeys);
  return { keys: async () => keys };
}

/** The keys of the plan: those that the records know, and with AWS at hand those that its aliases name. */
async function watchedOf(context: Context, state: InForce, withAws: boolean) {
  const { ports } = await context.desk();
  const { plan } = state.plan;
  const { cases, refused } = await casesOf(ports, state);
  const live = withAws ? await liveOf(context, plan) : new Map<string, string>();
  const nothing = { events: [], unreadable: [], coverage: [] };
  return subjectOf({ state, cases, refused, live }, nothing, ports.clock.now());
}

/** What came in, and what stands behind it. Whoever writes a log file or a line chooses words of it. */
export function ingestText({ verdict, checks, refusals, findings }: IngestReport): string {
  const more = [
    ...refusals.slice(0, 20).map(({ where, why }) => `  ${visible(`refused ${where}: ${why}`, LONGEST)}`),
    ...findings.slice(0, 20).map(({ id, where, detail }) => `  ${visible(`${id} ${where}: ${detail}`, LONGEST)}`),
  ];
  return [...(more.length > 0 ? [...more, ''] : []), checksText(verdict, checks)].join('\n');
}
