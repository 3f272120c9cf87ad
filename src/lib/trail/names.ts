import { type Instant, isInstant } from '../base/time.js';

/**
 * Where CloudTrail puts its files: `[prefix/]AWSLogs/[organization/]account/CloudTrail/region/year/month/day/` and
 * `…/CloudTrail-Digest/…` ("Getting and viewing your CloudTrail log files", "CloudTrail digest file structure", AWS
 * CloudTrail User Guide).
 */

/** A file of events. */
export interface LogName {
  readonly kind: 'log';
  /** `account/region`; null for a name that is none of CloudTrail's. */
  readonly scope: string | null;
  /** When it was delivered, to the minute; null for a name that is none of CloudTrail's. */
  readonly deliveredAt: Instant | null;
}

/** A file of hashes of log files, one an hour. */
export interface DigestName {
  readonly kind: 'digest';
  /** Account, Region and trail: what one chain of digests belongs to; those of a backfill have a chain of their own. */
  readonly chain: string;
  /** `account/region`: whose log files it lists. */
  readonly scope: string;
  readonly region: string;
  readonly endsAt: Instant;
  readonly backfill: boolean;
}

const DIGEST =
  /(?:^|\/)CloudTrail-Digest\/([a-z0-9-]+)\/\d{4}\/\d\d\/\d\d\/(\d{12})_CloudTrail-Digest_\1_([A-Za-z0-9._-]{3,128}_[a-z0-9-]+)_(\d{8}T\d{6}Z)(_backfill)?\.json(?:\.gz)?$/;
const LOG =
  /(?:^|\/)CloudTrail\/([a-z0-9-]+)\/\d{4}\/\d\d\/\d\d\/(\d{12})_CloudTrail_\1_(\d{8}T\d{4})Z_[A-Za-z0-9]+\.json(?:\.gz)?$/;
const IN_DIGESTS = /(?:^|\/)CloudTrail-Digest\//;

/** What the path of an object says; null for what is no file of CloudTrail's. Anything that ends as a log file counts as one. */
export function trailNameOf(path: string): LogName | DigestName | null {
  if (!/\.json(?:\.gz)?$/.test(path)) return null;
  const digest = DIGEST.exec(path);
  if (digest) {
    const [, region = '', account, trail, stamp = '', backfill] = digest;
    const endsAt = instantOf(stamp);
    const chain = `${account}/${region}/${trail}${backfill === undefined ? '' : ' (backfill)'}`;
    if (endsAt === null) return null;
    return { kind: 'digest', chain, scope: `${account}/${region}`, region, endsAt, backfill: backfill !== undefined };
  }
  if (IN_DIGESTS.test(path)) return null;
  const [, region, account, stamp = ''] = LOG.exec(path) ?? [];
  const deliveredAt = instantOf(`${stamp}00Z`);
  return { kind: 'log', deliveredAt, scope: deliveredAt === null ? null : `${account}/${region}` };
}

/** `20150817T150131Z`. */
function instantOf(stamp: string): Instant | null {
  const text = stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6.000Z');
  return isInstant(text) ? text : null;
}
