import { type AwsConnection, openAws } from '../../src/lib/aws/connection.js';
import { createS3Trail } from '../../src/lib/aws/s3-trail.js';
import { createTrailKeys } from '../../src/lib/aws/trail-keys.js';
import { addSeconds, type Instant } from '../../src/lib/base/time.js';
import { sourceOfFiles } from '../../src/lib/ingest/from-files.js';
import { ingest } from '../../src/lib/ingest/ingest.js';
import { emptyKnown } from '../../src/lib/ingest/known.js';
import type { IngestReport } from '../../src/lib/ingest/report.js';
import { createTestClock } from './fake-aws.js';
import { createMemoryLedgerStore } from './memory-ledger-store.js';
import { TRAIL_ACCOUNT, TRAIL_BUCKET, TRAIL_KEY, TRAIL_START } from './trail-fixture.js';

/** A way to a trail server, through the project's own adapters. */
export function trailAws(url: string): Promise<AwsConnection> {
  return openAws({
    environmentKind: 'sandbox',
    account: '000000000000',
    environment: { HOME: '/nonexistent', AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'not-a-secret' },
    endpointUrl: url,
    region: 'eu-central-1',
    timeoutMillis: 10_000,
  });
}

export const trailPlace = (prefix = '') => ({
  bucket: TRAIL_BUCKET,
  prefix,
  region: 'eu-central-1',
  account: TRAIL_ACCOUNT,
  regions: ['eu-central-1'],
});

/** Takes the bucket in, as `ledger ingest --s3` does; `hours` is how long the window is. */
export async function ingestFrom(url: string, hours = 3, from: Instant = TRAIL_START): Promise<IngestReport> {
  const aws = await trailAws(url);
  const now = addSeconds(from, (hours + 2) * 3600);
  try {
    const source = sourceOfFiles({
      name: `s3://${TRAIL_BUCKET}`,
      files: createS3Trail(aws, trailPlace()),
      keys: createTrailKeys(aws),
      rule: 'required',
      scopes: [`${TRAIL_ACCOUNT}/eu-central-1`],
      from,
      until: now,
      now,
      tell: () => undefined,
    });
    const ports = {
      store: createMemoryLedgerStore(),
      cache: { read: async () => null, write: async () => undefined },
      clock: createTestClock(now),
      random: () => 0,
      tell: () => undefined,
    };
    const keys = new Map([[TRAIL_KEY.split('/')[1] ?? '', 'tenant-data']]);
    const none = new Set<string>();
    const watched = { account: TRAIL_ACCOUNT, repository: 'repo', keys, aliases: none, buckets: none };
    const window = { since: null, until: null };
    return await ingest(ports, {
      source,
      known: emptyKnown(),
      watched,
      unknownKeys: [],
      window,
      until: now,
      by: 'architect',
    });
  } finally {
    aws.close();
  }
}
