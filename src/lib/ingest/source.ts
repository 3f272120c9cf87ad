import type { Instant } from '../base/time.js';
import type { Span } from '../trail/digest-chain.js';
import type { DigestFinding } from '../trail/digest-finding.js';
import type { RawRecords } from '../trail/records.js';
import type { Evidence } from './usage.js';

/** Some records of a source, small enough to be held at once. */
export interface Batch {
  /** The file, or what stands for one: people find a bad record by it and its number. */
  readonly where: string;
  /** Null for what could not be read at all; `why` says it. */
  readonly content: RawRecords | { readonly why: string };
  readonly evidence: Evidence;
  /** No later batch holds an event from before; null where nobody knows. */
  readonly settled: Instant | null;
}

/**
 * What vouches for a source as a whole. `history`: AWS itself answered, there are no digests of that; `none`: nothing does,
 * the stream says what its sender wants.
 */
export type Backing = 'digests' | 'history' | 'none';

/** How it stood with a source when its last batch was given. */
export interface SourceEnd {
  /** Until when everything was looked at; null where a source knows no time. */
  readonly mark: Instant | null;
  readonly findings: readonly DigestFinding[];
  /** Hours whose log files are known, by chain. */
  readonly covered: Readonly<Record<string, readonly Span[]>>;
  /** Files that were read, and those whose digest is not yet due. */
  readonly files: number;
  readonly waiting: number;
  /** What could not be covered, each in a sentence. */
  readonly gaps: readonly string[];
}

/** Where events come from. */
export interface Source {
  /** The same name at each run, for the mark: `lookup`, `s3://bucket/prefix`; null for what has no mark. */
  readonly name: string;
  readonly backing: Backing;
  readonly from: Instant | null;
  batches(): AsyncIterable<Batch>;
  /** After the last batch. */
  end(): SourceEnd;
}
