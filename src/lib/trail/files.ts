import type { Instant } from '../base/time.js';
import type { RawRecords } from './records.js';

/** A file of CloudTrail where it lies. */
export interface TrailFile {
  /** What people are told. */
  readonly name: string;
  /** Where it lies, in the same form as `placeOf` gives. */
  readonly place: string;
}

export interface StoredFile {
  /** As it is stored, packed or not. */
  readonly bytes: Uint8Array;
  /** Of a digest: `x-amz-meta-signature`; null where it is not kept. */
  readonly signatureHex: string | null;
  /** Of a digest of a backfill: `x-amz-meta-backfill-generation-timestamp`. */
  readonly backfillAt: Instant | null;
}

/**
 * PORT: a place where CloudTrail has put log files and digests.
 * @throws CustodyError NOT_FOUND, DENIED, UNAVAILABLE, THROTTLED, STORAGE; LIMIT_EXCEEDED for a file that is too large
 */
export interface TrailFiles {
  /** Every file from that day on, in any order; `null`: every file. */
  list(from: Instant | null): AsyncIterable<TrailFile>;
  /** Null for a file that is not there any more. */
  read(file: TrailFile): Promise<StoredFile | null>;
  placeOf(bucket: string, object: string): string;
}

/** What of an event history is wanted: what a service recorded, or what names a resource. */
export type HistoryTopic = { readonly source: string } | { readonly resource: string };

/** PORT: the event history of a Region, part by part. */
export interface TrailHistory {
  /**
   * Every record about the topic from `from` to `until`, newest first, a page at a time.
   * @throws CustodyError DENIED, UNAVAILABLE, THROTTLED
   */
  pages(region: string, topic: HistoryTopic, from: Instant, until: Instant): AsyncIterable<RawRecords>;
}
