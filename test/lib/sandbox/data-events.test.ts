import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { MOST_DATA_EVENTS } from '../../../src/lib/sandbox/cloudtrail/data-events.js';
import { kmsService, s3Service } from '../../../src/lib/sandbox/services.js';
import { factSandbox } from '../../support/facts/served.js';
import { ask, s3Client } from '../../support/s3/stage.js';

/** "Example: CloudTrail log file entries for Amazon S3"; LookupEvents knows management events alone. */

const Bucket = 'data-bucket';
const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' };

it('data events of S3 that change something are kept with bucket and key, refused ones too; the history has none', async () => {
  const { sandbox } = factSandbox({ services: [kmsService(), s3Service()], wallMillis: Date.now });
  const [admin, outsider] = [s3Client(sandbox, 'admin', {}), s3Client(sandbox, 'outsider', {})];
  expect(await ask(admin, 'CreateBucket', { Bucket, CreateBucketConfiguration })).toMatchObject({ status: 200 });
  await admin.send(new PutObjectCommand({ Bucket, Key: 'a/b', Body: 'x' }));
  await ask(admin, 'GetObject', { Bucket, Key: 'a/b' });
  await expect(outsider.send(new DeleteObjectCommand({ Bucket, Key: 'a/b' }))).rejects.toThrow();
  const [put, refused, ...more] = sandbox.dataEvents().map((text) => JSON.parse(text) as JsonObject);
  expect(more).toEqual([]);
  expect(put).toMatchObject({ eventName: 'PutObject', eventCategory: 'Data', managementEvent: false, readOnly: false });
  expect(put).not.toHaveProperty('errorCode');
  expect(refused).toMatchObject({
    eventSource: 's3.amazonaws.com',
    eventName: 'DeleteObject',
    errorCode: 'AccessDenied',
    requestParameters: { bucketName: Bucket, key: 'a/b' },
    resources: [
      { type: 'AWS::S3::Object', ARN: `arn:aws:s3:::${Bucket}/a/b` },
      { type: 'AWS::S3::Bucket', ARN: `arn:aws:s3:::${Bucket}` },
    ],
  });
  for (let at = 0; at < MOST_DATA_EVENTS; at++) await ask(admin, 'DeleteObject', { Bucket, Key: `k${at}` });
  const names = sandbox
    .dataEvents()
    .map((text) => (JSON.parse(text) as { requestParameters: { key: string } }).requestParameters.key);
  expect([names.length, names[0], names.at(-1)]).toEqual([MOST_DATA_EVENTS, 'k0', `k${MOST_DATA_EVENTS - 1}`]);
});
