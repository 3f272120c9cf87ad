import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant, millisOf } from '../base/time.js';
import { digestsDue, type FoundDigest, judgeDigests, type Span } from '../trail/digest-chain.js';
import { MAX_DIGEST_BYTES, parseDigest, type TrailDigest } from '../trail/digest-file.js';
import { type DigestFinding, findingOf } from '../trail/digest-finding.js';
import { catalogueOf, type JudgedChain, type LogCatalogue } from '../trail/digest-logs.js';
import type { TrailKey, TrailKeys } from '../trail/digest-signature.js';
import type { StoredFile, TrailFile, TrailFiles } from '../trail/files.js';
import type { DigestName } from '../trail/names.js';
import { unpack } from './unpack.js';

/** What the digests of a place say together. */
export interface JudgedDigests {
  readonly findings: readonly DigestFinding[];
  readonly covered: Readonly<Record<string, readonly Span[]>>;
  readonly catalogue: LogCatalogue;
  /** Until when they could be there. */
  readonly due: Instant;
}

export interface DigestQuestion {
  readonly files: TrailFiles;
  readonly keys: TrailKeys;
  readonly found: readonly { readonly file: TrailFile; readonly name: DigestName }[];
  /** `account/region` that must have digests: of the plan. */
  readonly scopes: readonly string[];
  /** Null: from the first digest on. */
  readonly from: Instant | null;
  readonly until: Instant;
  readonly now: Instant;
  readonly tell: (text: string) => void;
}

/** "Add one hour", as the log files of the last minutes are listed by the digest after them. */
const SPILL_SECONDS = 3600;
/** Listing a year of a Region's log files takes 40 MB; more than this is for a shorter window. */
const MOST_LISTED = 1_000_000;

/**
 * Reads and judges every digest of the window, chain by chain.
 * @throws CustodyError LIMIT_EXCEEDED, and what reading throws
 */
export async function judgeAll(question: DigestQuestion): Promise<JudgedDigests> {
  const { files, found, from, until, now, scopes, tell } = question;
  const due = digestsDue(until, now);
  const last = addSeconds(until, SPILL_SECONDS);
  const inWindow = found.filter(({ name }) => (from === null || name.endsAt > from) && name.endsAt <= last);
  const byChain = grouped(inWindow);
  const findings: DigestFinding[] = [];
  const chains: (JudgedChain & { readonly chain: string })[] = [];
  let listed = 0;
  for (const [chain, members] of byChain) {
    tell(`Judging ${members.length} digests of ${chain}`);
    const sorted = [...members].sort((left, right) => (left.name.endsAt < right.name.endsAt ? -1 : 1));
    const [first] = sorted;
    if (first === undefined) continue;
    const judged = await judgeChain(question, chain, sorted, { from: from ?? first.name.endsAt, until: due });
    findings.push(...judged.findings);
    listed += judged.logs.length;
    if (listed > MOST_LISTED) throw tooMany();
    chains.push({ chain, scope: first.name.scope, covered: judged.covered, logs: judged.logs });
  }
  findings.push(...withoutDigests(scopes, chains, from, due));
  const covered = Object.fromEntries(chains.map(({ chain, covered: spans }) => [chain, spans]));
  return { findings, covered, catalogue: catalogueOf(chains, files.placeOf, due), due };
}

function grouped(found: DigestQuestion['found']): ReadonlyMap<string, DigestQuestion['found']> {
  const chains = new Map<string, { readonly file: TrailFile; readonly name: DigestName }[]>();
  for (const item of found) chains.set(item.name.chain, [...(chains.get(item.name.chain) ?? []), item]);
  return chains;
}

function tooMany(): CustodyError {
  return new CustodyError('LIMIT_EXCEEDED', `the digests list more than ${MOST_LISTED} log files`, {
    suggestions: ['Give a shorter window with --since and --until.'],
  });
}

/** Digests come every hour, also when nothing happened: a Region without any says nothing (T39). */
function withoutDigests(
  scopes: readonly string[],
  chains: readonly JudgedChain[],
  from: Instant | null,
  due: Instant,
): readonly DigestFinding[] {
  if (from !== null && due <= from) return [];
  return scopes
    .filter((scope) => !chains.some((chain) => chain.scope === scope && chain.covered.length > 0))
    .map((scope) =>
      findingOf(
        'no-digests',
        scope,
        'there is no digest that proves anything: they are not made, or were all taken away',
      ),
    );
}

async function judgeChain(
  { files, keys }: DigestQuestion,
  chain: string,
  members: DigestQuestion['found'],
  window: Span,
) {
  const found: FoundDigest[] = [];
  const known = new Map<string, readonly TrailKey[]>();
  const told = new Map<FoundDigest, readonly TrailKey[]>();
  for (const { file, name } of members) {
    const stored = await readOrNone(files, file);
    const digest = stored === null ? null : await digestIn(stored, file.name);
    const item: FoundDigest = {
      name: file.name,
      place: file.place,
      endsAt: name.endsAt,
      digest,
      signatureHex: stored?.signatureHex ?? null,
    };
    found.push(item);
    if (digest !== null) told.set(item, await keysOf(keys, name, digest, stored?.backfillAt ?? null, known));
  }
  const keysFor = (item: FoundDigest) => told.get(item) ?? [];
  return judgeDigests({ chain, found, keysFor, placeOf: files.placeOf, window });
}

/** One that is larger than may be read is as good as none. */
async function readOrNone(files: TrailFiles, file: TrailFile): Promise<StoredFile | null> {
  try {
    return await files.read(file);
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'LIMIT_EXCEEDED') return null;
    throw cause;
  }
}

async function digestIn({ bytes }: StoredFile, name: string): Promise<TrailDigest | null> {
  try {
    return parseDigest(await unpack(bytes, name, MAX_DIGEST_BYTES), name);
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'RECORD_MALFORMED') return null;
    throw cause;
  }
}

const HOUR = 3600;

/** Keys that were valid when the digest was signed: for one of a backfill that is when the backfill was made. */
async function keysOf(
  keys: TrailKeys,
  { region }: DigestName,
  digest: TrailDigest,
  backfillAt: Instant | null,
  known: Map<string, readonly TrailKey[]>,
): Promise<readonly TrailKey[]> {
  const from = backfillAt === null ? digest.startsAt : addSeconds(backfillAt, -HOUR);
  const until = backfillAt === null ? addSeconds(digest.endsAt, 2 * HOUR) : addSeconds(backfillAt, HOUR);
  // A key lives for weeks: one question a day is enough.
  const day = `${from.slice(0, 10)} ${until.slice(0, 10)}`;
  const asked = known.get(day) ?? (await keys.keys(region, startOfDay(from), endOfDay(until)));
  known.set(day, asked);
  return asked.filter(({ validFrom, validUntil }) => validFrom <= until && validUntil >= from);
}

function startOfDay(at: Instant): Instant {
  return addSeconds(at, -(millisOf(at) % 86_400_000) / 1000);
}

function endOfDay(at: Instant): Instant {
  return addSeconds(startOfDay(at), 86_399);
}
