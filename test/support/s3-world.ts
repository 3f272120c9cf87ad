import { type AwsOptions, openAws } from '../../src/lib/aws/connection.js';
import { createS3Objects, type S3Place } from '../../src/lib/aws/s3-objects.js';
import { instantFromMillis } from '../../src/lib/base/time.js';
import type { ObjectStore } from '../../src/lib/ledger/objects.js';
import type { LedgerPlan } from '../../src/lib/plan/plan.js';

export const LEDGER_KEY = 'arn:aws:kms:eu-central-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab';

export interface S3Peer extends Partial<AwsOptions> {
  readonly endpointUrl: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
}

/** What a plan says of such a ledger: the guard goes by it. */
export function ledgerAt({
  bucket = 'custody-ledger',
  prefix = 'custody/',
  retentionDays = 30,
}: Partial<S3Place>): LedgerPlan {
  const roles = { writerRoleArns: [], readerRoleArns: [] };
  return { store: 's3', retentionDays, s3: { bucket, region: 'eu-central-1', prefix, key: 'audit-ledger', ...roles } };
}

/** Objects of a bucket behind an endpoint of this machine. */
export async function openS3Objects(peer: S3Peer, place: Partial<S3Place> = {}): Promise<ObjectStore> {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const { accessKeyId = 'AKIDEXAMPLE', secretAccessKey = 'secret', ...options } = peer;
  const aws = await openAws({
    environmentKind: 'sandbox',
    account: '000000000000',
    region: 'eu-central-1',
    environment: { HOME: '/nonexistent', AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    timeoutMillis: 20_000,
    ledger: ledgerAt(place),
    ...options,
  });
  return createS3Objects(aws, {
    region: 'eu-central-1',
    bucket: 'custody-ledger',
    prefix: 'custody/',
    keyArn: LEDGER_KEY,
    retentionDays: 30,
    now: () => instantFromMillis(Date.now()),
    ...place,
  });
}
