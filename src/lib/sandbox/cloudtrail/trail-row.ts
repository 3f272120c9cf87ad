import type { JsonObject } from '../../base/canonical-json.js';
import type { Table } from '../kms/table.js';

/** A log file that was delivered and waits for its digest. */
export type DeliveredLog = {
  readonly key: string;
  /** SHA-256 of the file before it was packed, hex. */
  readonly hash: string;
  readonly atMillis: number;
  readonly oldestMillis: number;
  readonly newestMillis: number;
};

/** The digests of one Region since logging was started. */
export type DigestChain = {
  /** Where the next digest begins. */
  readonly fromMillis: number;
  readonly previous: { readonly key: string; readonly hash: string; readonly signature: string } | null;
  readonly logs: readonly DeliveredLog[];
};

/** A trail. Table `cloudtrail.trails`, id is its name and home Region. */
export type TrailRow = {
  readonly name: string;
  readonly homeRegion: string;
  readonly arn: string;
  readonly bucket: string;
  readonly prefix: string | null;
  readonly multiRegion: boolean;
  readonly validation: boolean;
  readonly startedMillis: number | null;
  readonly stoppedMillis: number | null;
  /** The number of the event of the call that stopped it. */
  readonly stoppedNumber: number | null;
  /** False when all that belongs to a stopped trail was delivered. */
  readonly running: boolean;
  /** The number of the last event that was delivered, or that is none of the trail's. */
  readonly deliveredNumber: number;
  /** Files of this time and before are delivered: what comes to light later goes into a later one. */
  readonly deliveredMillis: number;
  readonly chains: Readonly<Record<string, DigestChain>>;
  readonly lastLogMillis: number | null;
  readonly lastDigestMillis: number | null;
  /** The code of S3's last refusal. */
  readonly fault: string | null;
};

export type TrailTable = Table<TrailRow>;

export function trailId({ name, homeRegion }: Pick<TrailRow, 'name' | 'homeRegion'>): string {
  return `${name}@${homeRegion}`;
}

/** S3 as CloudTrail itself calls it, for one trail. @throws ServiceError as S3 does */
export type AskS3 = (trail: Pick<TrailRow, 'arn' | 'homeRegion'>, nowMillis: number, input: JsonObject) => void;
