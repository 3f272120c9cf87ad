import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { S3Client } from '@aws-sdk/client-s3';
import { fromIni } from '@aws-sdk/credential-providers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serve } from '../../src/lib/sandbox/serve.js';
import { ingestFrom } from '../support/trail-aws.js';
import {
  digestsOf,
  guid,
  logsOf,
  type StoredObject,
  TRAIL_ACCOUNT,
  TRAIL_BUCKET,
  TRAIL_NAME,
  trailBucket,
  trailRecord,
  trailSigner,
} from '../support/trail-fixture.js';
import { serveTrail, type TrailServer } from '../support/trail-server.js';
import { STAGE_ARN, STAGE_BUCKET, startTrail } from '../support/trail-stage.js';

const aws = process.env.CUSTODY_PEER_AWS;

/** `aws cloudtrail validate-logs`, AWS's own judge of digests, on the same bucket; its path comes in CUSTODY_PEER_AWS. */
describe.skipIf(!aws)(
  `log files judged as by validate-logs${aws ? '' : ' (skipped: CUSTODY_PEER_AWS is not set)'}`,
  () => {
    const signer = trailSigner();
    let dir: string;
    let objects: Map<string, StoredObject>;
    let server: TrailServer;

    beforeAll(() => {
      dir = mkdtempSync(join(tmpdir(), 'custody-validate-logs-'));
    });
    afterAll(() => rmSync(dir, { recursive: true, force: true }));
    beforeEach(async () => {
      objects = trailBucket({ signer });
      server = await serveTrail(objects, [signer]);
    });
    afterEach(() => server.close());

    function validateLogs(): Promise<{ readonly exit: number; readonly said: string }> {
      return ask(server.url, [
        ...['--s3-bucket', TRAIL_BUCKET],
        ...['--trail-arn', `arn:aws:cloudtrail:eu-central-1:${TRAIL_ACCOUNT}:trail/${TRAIL_NAME}`],
        ...['--start-time', '2026-03-02T08:00:00Z', '--end-time', '2026-03-02T13:00:00Z'],
      ]);
    }

    function ask(url: string, more: readonly string[], own: NodeJS.ProcessEnv = {}) {
      const words = ['cloudtrail', 'validate-logs', '--region', 'eu-central-1', '--endpoint-url', url, ...more];
      const env = {
        PATH: process.env.PATH,
        HOME: dir,
        AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'not-a-secret',
        AWS_ENDPOINT_URL: url,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_MAX_ATTEMPTS: '1',
        AWS_PAGER: '',
        ...own,
      };
      return new Promise<{ readonly exit: number; readonly said: string }>((resolve) => {
        execFile(aws ?? '', words, { env, timeout: 60_000 }, (error, stdout, stderr) => {
          resolve({
            exit: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
            said: stdout + stderr,
          });
        });
      });
    }

    const first = (keys: readonly string[], at: number) => keys[at] ?? '';
    const edit = (key: string, from: string, to: string) => {
      const stored = objects.get(key);
      if (stored) stored.bytes = gzipSync(Buffer.from(gunzipSync(stored.bytes).toString().replace(from, to)));
    };

    it.each<[what: string, exit: number, says: RegExp, verdict: string, finding: string | null, spoil: () => void]>([
      ['an untouched bucket', 0, /3\/3 digest files valid/, 'verified', null, () => undefined],
      [
        'an edited log file',
        1,
        /1\/6 log files INVALID/,
        'refused',
        'log-edited',
        () => edit(first(logsOf(objects), 1), 'Decrypt', 'Encrypt'),
      ],
      [
        'a deleted log file',
        1,
        /INVALID: not found/,
        'refused',
        'log-missing',
        () => objects.delete(first(logsOf(objects), 1)),
      ],
      [
        'an edited digest',
        1,
        /INVALID: signature verification failed/,
        'refused',
        'digest-edited',
        () => edit(first(digestsOf(objects), 1), '"newestEventTime":"2026', '"newestEventTime":"2025'),
      ],
      [
        'a deleted digest',
        1,
        /INVALID: not found/,
        'refused',
        'digest-missing',
        () => objects.delete(first(digestsOf(objects), 1)),
      ],
      // Where the two differ: the peer ends with 0.
      [
        'a bucket without digests',
        0,
        /No digests found/,
        'unproven',
        'no-digests',
        () => digestsOf(objects).map((key) => objects.delete(key)),
      ],
      ['a forged extra log file', 0, /6\/6 log files valid/, 'refused', 'log-unlisted', () => forge()],
      [
        'a bucket without its newest digest',
        0,
        /2\/2 digest files valid/,
        'unproven',
        'cut-tail',
        () => objects.delete(first(digestsOf(objects), 2)),
      ],
    ])('of %s', async (_, exit, says, verdict, finding, spoil) => {
      spoil();
      const [peer, report] = [await validateLogs(), await ingestFrom(server.url)];
      expect(peer).toEqual({ exit, said: expect.stringMatching(says) });
      expect(report.verdict).toBe(verdict);
      const found = report.findings.map(({ id }) => id);
      if (finding === null) expect(found).toEqual([]);
      else expect(found).toContain(finding);
    });

    it('agrees with what a trail of the sandbox delivers', async () => {
      const serving = await serve({ dir: join(dir, 'sandbox') });
      const { configFile, credentialsFile, endpoint } = serving.info;
      const credentials = fromIni({ profile: 'admin', configFilepath: configFile, filepath: credentialsFile });
      const config = { region: 'eu-central-1', endpoint, credentials };
      const clients = {
        s3: new S3Client({ ...config, forcePathStyle: true }),
        cloudTrail: new CloudTrailClient(config),
      };
      try {
        const from = new Date(serving.sandbox.nowMillis() - 1000).toISOString();
        await startTrail(clients, [], { IsMultiRegionTrail: false });
        serving.sandbox.advance(4 * 3600);
        const key = serving.sandbox.profiles().find(({ name }) => name === 'admin');
        const own = { AWS_ACCESS_KEY_ID: key?.accessKeyId, AWS_SECRET_ACCESS_KEY: key?.secretAccessKey };
        const until = new Date(serving.sandbox.nowMillis()).toISOString();
        const window = ['--start-time', from, '--end-time', until, '--verbose'];
        const words = ['--s3-bucket', STAGE_BUCKET, '--trail-arn', STAGE_ARN, ...window];
        expect(await ask(endpoint, words, own)).toEqual({
          exit: 0,
          said: expect.stringMatching(/3\/3 digest files valid[\s\S]*1\/1 log files valid/),
        });
      } finally {
        for (const client of Object.values(clients)) client.destroy();
        await serving.stop();
      }
    });

    function forge(): void {
      const bytes = gzipSync(
        Buffer.from(JSON.stringify({ Records: [trailRecord(guid(99), '2026-03-02T09:00:00.000Z')] })),
      );
      objects.set(first(logsOf(objects), 0).replace(/T\d{4}Z_\w+/, 'T0930Z_forged'), { bytes, metadata: {} });
    }
  },
);
