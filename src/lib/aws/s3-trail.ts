import { CustodyError } from '../base/errors.js';
import { type Instant, isInstant } from '../base/time.js';
import type { StoredFile, TrailFile, TrailFiles } from '../trail/files.js';
import type { AwsConnection, S3Link } from './connection.js';
import { PageTrail, unreadable } from './pages.js';

export interface S3TrailPlace {
  readonly bucket: string;
  /** The prefix of the trail (`optional-prefix`), or one that ends in an organization's id; without `/` at its end. */
  readonly prefix: string;
  /** Where the bucket stands. */
  readonly region: string;
  readonly account: string;
  /** Regions whose events are wanted. */
  readonly regions: readonly string[];
}

/** As they are stored, packed. */
const MAX_STORED_BYTES = 64 * 1024 * 1024;

/** A trail's bucket: log files and digests of the Regions, as CloudTrail has put them there. */
export function createS3Trail(aws: AwsConnection, place: S3TrailPlace): TrailFiles {
  const link = aws.s3(place.region, 'trail.read');
  const { bucket } = place;
  return {
    list: (from) => filesOf(link, place, from),
    read: ({ name }) => readObject(link, bucket, name.slice(`s3://${bucket}/`.length)),
    placeOf: (named, object) => `s3://${named}/${object}`,
  };
}

async function* filesOf(link: S3Link, place: S3TrailPlace, from: Instant | null): AsyncGenerator<TrailFile> {
  const above = /(?:^|\/)AWSLogs(?:\/|$)/.test(place.prefix) ? place.prefix : `${place.prefix}/AWSLogs`;
  const base = `${above}/${place.account}`.replace(/^\//, '');
  for (const kind of ['CloudTrail', 'CloudTrail-Digest']) {
    for (const region of place.regions) {
      const prefix = `${base}/${kind}/${region}/`;
      // The days are folders: everything before the first one sorts before it.
      const day = from === null ? undefined : `${prefix}${from.slice(0, 10).replaceAll('-', '/')}`;
      yield* listUnder(link, place.bucket, prefix, day);
    }
  }
}

async function* listUnder(
  link: S3Link,
  bucket: string,
  prefix: string,
  after: string | undefined,
): AsyncGenerator<TrailFile> {
  let token: string | undefined;
  const trail = new PageTrail('ListObjectsV2');
  do {
    const { output } = await link.read('ListObjectsV2', (sdk, client) =>
      client.send(
        new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, StartAfter: after, ContinuationToken: token }),
      ),
    );
    for (const { Key } of output.Contents ?? []) {
      if (Key === undefined) throw unreadable('ListObjectsV2');
      yield { name: `s3://${bucket}/${Key}`, place: `s3://${bucket}/${Key}` };
    }
    token = output.IsTruncated ? trail.next(output.NextContinuationToken) : undefined;
  } while (token !== undefined);
}

async function readObject(link: S3Link, bucket: string, key: string): Promise<StoredFile | null> {
  try {
    let bytes: Uint8Array = new Uint8Array();
    const { output } = await link.read('GetObject', async (sdk, client) => {
      const answer = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }));
      if ((answer.ContentLength ?? 0) > MAX_STORED_BYTES) {
        throw new CustodyError('LIMIT_EXCEEDED', `${key} is larger than ${MAX_STORED_BYTES} bytes`);
      }
      bytes = (await answer.Body?.transformToByteArray()) ?? bytes;
      return answer;
    });
    const { signature = null, 'backfill-generation-timestamp': backfill } = output.Metadata ?? {};
    const at = backfill?.replace(/(?<!\.\d+)Z$/, '.000Z');
    return { bytes, signatureHex: signature, backfillAt: isInstant(at) ? at : null };
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'NOT_FOUND') return null;
    throw cause;
  }
}
