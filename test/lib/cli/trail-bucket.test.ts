import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../../src/lib/base/time.js';
import { readTrailBucket } from '../../../src/lib/cli/trail-bucket.js';
import type { TrailFiles } from '../../../src/lib/trail/files.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const quiet = () => undefined;
const DAY = 'AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/02';
const name = (stamp: string) => `${DAY}/111122223333_CloudTrail_eu-central-1_${stamp}_abcdefghijklmnop.json.gz`;
const DIGEST =
  'AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/03/02/111122223333_CloudTrail-Digest_eu-central-1_all_eu-central-1_20260302T130000Z.json.gz';
const record = (eventID: string, eventTime: string) => ({
  eventID,
  eventName: 'DisableKey',
  eventTime,
  eventSource: 'kms.amazonaws.com',
  awsRegion: 'eu-central-1',
  readOnly: false,
});
const log = (...records: unknown[]) => gzipSync(JSON.stringify({ Records: records }));

/** A bucket with these objects; null is one that goes between the list and the read. */
function bucketOf(objects: Readonly<Record<string, Uint8Array | null>>) {
  const asked: unknown[] = [];
  const files: TrailFiles = {
    async *list(from) {
      asked.push(from);
      for (const key of Object.keys(objects)) yield { name: `s3://logs/${key}`, place: `s3://logs/${key}` };
    },
    read: async ({ name: place }) => {
      const bytes = objects[place.slice('s3://logs/'.length)] ?? null;
      return bytes === null ? null : { bytes, signatureHex: null, backfillAt: null };
    },
    placeOf: (bucket, object) => `s3://${bucket}/${object}`,
  };
  return { asked, place: { name: 's3://logs', files } };
}

describe('a bucket of CloudTrail', () => {
  it('gives the events of its log files, from the wanted day on, and no digest', async () => {
    const { place, asked } = bucketOf({
      [name('20260302T1200Z')]: log(record('a', '2026-03-02T11:58:00Z')),
      [name('20260302T1205Z')]: log(record('b', '2026-03-02T12:01:00Z'), record('c', '2026-03-02T12:02:00Z')),
      [DIGEST]: gzipSync('{"digest":1}'),
    });
    const from = parseInstant('2026-03-02T00:00:00.000Z');
    const trail = await readTrailBucket(place, from, quiet);
    expect(trail.events.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(trail.unreadable).toEqual([]);
    expect(asked).toEqual([from]);
  });

  it('says what was there and is not any more', async () => {
    const { place } = bucketOf({ [name('20260302T1200Z')]: null });
    const { unreadable } = await readTrailBucket(place, null, quiet);
    expect(unreadable).toEqual([`s3://logs/${name('20260302T1200Z')} is not there any more`]);
  });

  it.each<[string, string, Uint8Array | undefined]>([
    ['without a log file', 'NOT_FOUND', undefined],
    ['with a log file that is cut off', 'RECORD_MALFORMED', log(record('a', '2026-03-02T11:58:00Z')).subarray(0, 30)],
    ['with one that is no CloudTrail', 'RECORD_MALFORMED', gzipSync('{"a":1}')],
  ])('is refused: %s', async (_, expected, bytes) => {
    const { place } = bucketOf(bytes ? { [name('20260302T1200Z')]: bytes } : { [DIGEST]: gzipSync('{}') });
    await expect(readTrailBucket(place, null, quiet)).rejects.toEqual(code(expected));
  });
});
