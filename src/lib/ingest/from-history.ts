import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import type { HistoryTopic, TrailHistory } from '../trail/files.js';
import { DELIVERY_SECONDS, HISTORY_SECONDS } from '../trail/reader.js';
import type { RawRecords } from '../trail/records.js';
import type { Batch, Source } from './source.js';

export interface HistoryQuestion {
  readonly history: TrailHistory;
  readonly regions: readonly string[];
  /** Of the audit ledger: what is done to a bucket as a whole is in the history, too. */
  readonly buckets: readonly { readonly region: string; readonly bucket: string }[];
  /** Null: as far back as the history goes. */
  readonly from: Instant | null;
  readonly until: Instant;
  readonly now: Instant;
  readonly tell: (text: string) => void;
}

const KMS: HistoryTopic = { source: 'kms.amazonaws.com' };
/** How much is asked for at once: longer while little is there, shorter where there is too much to be held. */
const FIRST_SLICE_SECONDS = 8 * 86_400;
const LONGEST_SLICE_SECONDS = 30 * 86_400;
const SHORTEST_SLICE_SECONDS = 900;
/** Of one slice and Region: they must be held to be put into order. */
const MOST_AT_ONCE = 50_000;
const FEW = 2_000;

/**
 * The event history of the Regions, a slice of time after the other, since AWS gives the newest first. AWS itself answers over TLS: there
 * are no digests, and none are needed.
 */
export function sourceOfHistory({ history, regions, buckets, from, until, now, tell }: HistoryQuestion): Source {
  const oldest = addSeconds(now, -HISTORY_SECONDS);
  const start = from === null || from < oldest ? oldest : from;
  const settledBy = addSeconds(now, -DELIVERY_SECONDS);
  const mark = until < settledBy ? until : settledBy;
  const asked = [
    ...regions.map((region) => ({ region, topic: KMS })),
    ...buckets.map(({ region, bucket }) => ({ region, topic: { resource: bucket } })),
  ];
  const gap = `the event history keeps 90 days: nothing is known from ${from} to ${oldest}`;
  async function* batches(): AsyncGenerator<Batch> {
    let [at, length] = [start, FIRST_SLICE_SECONDS];
    while (at < until) {
      const end = addSeconds(at, length);
      const slice = { from: at, until: end < until ? end : until };
      tell(
        `Asking CloudTrail in ${regions.length} Regions from ${slice.from.slice(0, 16)} to ${slice.until.slice(0, 16)}`,
      );
      const pages = await Promise.all(asked.map(({ region, topic }) => pagesOf(history, region, topic, slice)));
      const found = pages.filter((part) => part !== null);
      if (found.length < pages.length) {
        if (length <= SHORTEST_SLICE_SECONDS) throw tooMany(slice.from);
        length = Math.max(SHORTEST_SLICE_SECONDS, Math.floor(length / 4));
        continue;
      }
      yield* batchesOf(found.flat(), slice.until);
      if (found.every((part) => part.reduce((sum, { count }) => sum + count, 0) < FEW)) length *= 2;
      length = Math.min(length, LONGEST_SLICE_SECONDS);
      at = slice.until;
    }
  }
  return {
    name: 'lookup',
    backing: 'history',
    from: start,
    batches,
    end: () => ({
      mark: mark > start ? mark : null,
      findings: [],
      covered: {},
      files: 0,
      waiting: 0,
      gaps: from !== null && from < oldest ? [gap] : [],
    }),
  };
}

interface Page {
  readonly where: string;
  readonly content: RawRecords;
  readonly count: number;
}

/** Null when there are more than can be held. */
async function pagesOf(
  history: TrailHistory,
  region: string,
  topic: HistoryTopic,
  { from, until }: { readonly from: Instant; readonly until: Instant },
): Promise<readonly Page[] | null> {
  const pages: Page[] = [];
  let held = 0;
  for await (const content of history.pages(region, topic, from, until)) {
    const count = content.records.length + content.refused.length;
    held += count;
    if (held > MOST_AT_ONCE) return null;
    pages.push({ where: `LookupEvents in ${region} until ${until}, page ${pages.length + 1}`, content, count });
  }
  return pages;
}

function* batchesOf(pages: readonly Page[], until: Instant): Generator<Batch> {
  for (const [at, { where, content }] of pages.entries()) {
    yield { where, content, evidence: 'history', settled: at === pages.length - 1 ? until : null };
  }
}

function tooMany(from: Instant): CustodyError {
  return new CustodyError('LIMIT_EXCEEDED', `more than ${MOST_AT_ONCE} events in a quarter of an hour from ${from}`, {
    suggestions: ['Take in the log files of a trail instead: --s3 s3://bucket/prefix.'],
  });
}
