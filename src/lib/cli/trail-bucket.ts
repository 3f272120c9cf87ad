import { createS3Trail } from '../aws/s3-trail.js';
import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import { unpack } from '../ingest/unpack.js';
import { addToTrail, emptyTrail, type FileTrail } from '../inspect/reconcile/gather.js';
import type { Plan } from '../plan/plan.js';
import { readTrail } from '../trail/document.js';
import type { TrailFiles } from '../trail/files.js';
import { trailNameOf } from '../trail/names.js';
import { MAX_DOCUMENT_BYTES } from '../trail/records.js';
import type { Context } from './context.js';

export const S3_SCHEME = 's3://';

interface TrailBucket {
  /** `s3://bucket/prefix`. */
  readonly name: string;
  readonly files: TrailFiles;
}

/**
 * A trail's bucket as `s3://bucket/prefix` names it, read with the caller's credentials.
 * @param regions whose log files and digests are wanted
 * @throws CustodyError USAGE
 */
export async function openTrailBucket(
  { access, flags }: Context,
  plan: Plan,
  text: string,
  regions: readonly string[],
): Promise<TrailBucket> {
  const [, bucket, rest = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text) ?? [];
  if (bucket === undefined) {
    throw new CustodyError('USAGE', `not a place in S3: ${text.slice(0, 100)}`, {
      suggestions: ['Write s3://bucket/prefix.'],
    });
  }
  const prefix = rest.replace(/\/+$/, '');
  const place = { bucket, prefix, region: flags.region ?? plan.regions.primary, account: plan.account, regions };
  const name = `${S3_SCHEME}${bucket}${prefix === '' ? '' : `/${prefix}`}`;
  return { name, files: createS3Trail(await access.connection(plan), place) };
}

/**
 * What the log files of a bucket say. Digests are not asked: `ledger ingest` measures files by them.
 * @param from files of days before hold nothing that is wanted; null: every file
 * @throws CustodyError NOT_FOUND, DENIED, UNAVAILABLE, THROTTLED, LIMIT_EXCEEDED, RECORD_MALFORMED
 */
export async function readTrailBucket(
  { name, files }: TrailBucket,
  from: Instant | null,
  tell: (text: string) => void,
): Promise<FileTrail> {
  const trail = emptyTrail();
  let count = 0;
  for await (const file of files.list(from)) {
    if (trailNameOf(file.place)?.kind !== 'log') continue;
    const stored = await files.read(file);
    // What was there a moment ago was something: nobody knows what.
    if (stored === null) trail.unreadable.push(`${file.name} is not there any more`);
    else addFile(trail, file.name, await unpack(stored.bytes, file.name, MAX_DOCUMENT_BYTES));
    if (++count % 100 === 0) tell(`${count} log files of ${name}`);
  }
  if (count === 0) throw new CustodyError('NOT_FOUND', `no log file of CloudTrail in ${name}`);
  return trail;
}

/** Adds the events of one log file. @throws CustodyError RECORD_MALFORMED */
export function addFile(trail: FileTrail, file: string, bytes: Uint8Array): void {
  const { events, unreadable } = readTrail(bytes, file);
  addToTrail(trail, events);
  if (unreadable.length > 0) trail.unreadable.push(`${file}: records ${unreadable.join(', ')} are not readable`);
}
