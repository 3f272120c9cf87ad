import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import type { TrailHistory } from '../trail/files.js';
import { DELIVERY_SECONDS, HISTORY_SECONDS } from '../trail/reader.js';
import type { RawRecords } from '../trail/records.js';
import type { Batch, Source } from './source.js';

export interface HistoryQuestion {
  readonly history: TrailHistory;
  readonly regions: readonly string[];
  /** Null: as far back as the history goes. */
  readonly from: Instant | null;
  readonly until: Instant;
  readonly now: Instant;
  readonly tell: (text: string) => void;
}

const SLICE_SECONDS = 86_400;
const KMS = 'kms.amazonaws.com';
/** Of one slice, all Regions together: they must be held to be put into order. */
const MOST_AT_ONCE = 200_000;

/**
 * The event history of the Regions, a day at a time, since AWS gives the newest first. AWS itself answers over TLS: there
 * are no digests, and none are needed.
 */
export function sourceOfHistory({ history, regions, from, until, now, tell }: HistoryQuestion): Source {
  const oldest = addSeconds(now, -HISTORY_SECONDS);
  const start = from === null || from < oldest ? oldest : from;
  const settledBy = addSeconds(now, -DELIVERY_SECONDS);
  const mark = until < settledBy ? until : settledBy;
  const gap = `the event history keeps 90 days: nothing is known from ${from} to ${oldest}`;
  async function* batches(): AsyncGenerator<Batch> {
    for (let at = start; at < until; at = addSeconds(at, SLICE_SECONDS)) {
      const end = addSeconds(at, SLICE_SECONDS);
      const slice = { from: at, until: end < until ? end : until };
      tell(`Asking CloudTrail for ${slice.from.slice(0, 10)} in ${regions.length} Regions`);
      yield* sliceOf(history, regions, slice);
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

async function* sliceOf(
  history: TrailHistory,
  regions: readonly string[],
  { from, until }: { readonly from: Instant; readonly until: Instant },
): AsyncGenerator<Batch> {
  let held = 0;
  for (const [at, region] of regions.entries()) {
    const pages: RawRecords[] = [];
    for await (const page of history.pages(region, KMS, from, until)) {
      held += page.records.length + page.refused.length;
      if (held > MOST_AT_ONCE) throw tooMany(region, from);
      pages.push(page);
    }
    for (const [number, content] of pages.entries()) {
      const isLast = at === regions.length - 1 && number === pages.length - 1;
      const where = `LookupEvents in ${region}, ${from.slice(0, 10)}, page ${number + 1}`;
      yield { where, content, evidence: 'history', settled: isLast ? until : null };
    }
  }
}

function tooMany(region: string, from: Instant): CustodyError {
  return new CustodyError('LIMIT_EXCEEDED', `more than ${MOST_AT_ONCE} events on ${from.slice(0, 10)} up to ${region}`, {
    suggestions: ['Take in the log files of a trail instead: --s3 s3://bucket/prefix.'],
  });
}
