// A MinIO on loopback with a bucket that has versions and Object Lock, and our way to it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { openAws } from '../build/lib/aws/connection.js';
import { createS3Objects } from '../build/lib/aws/s3-objects.js';

const REGION = 'eu-central-1';
const BUCKET = 'custody-ledger';
const accessKeyId = '000000000000';
const secretAccessKey = 'bench-secret-key';

/** @param {string} program */
export async function startMinio(program) {
  const dir = mkdtempSync(join(tmpdir(), 'custody-bench-minio-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const env = {
    PATH: process.env.PATH,
    HOME: dir,
    MINIO_ROOT_USER: accessKeyId,
    MINIO_ROOT_PASSWORD: secretAccessKey,
    MINIO_SITE_REGION: REGION,
    MINIO_BROWSER: 'off',
    MINIO_KMS_SECRET_KEY: `${BUCKET}:${Buffer.alloc(32, 7).toString('base64')}`,
  };
  const child = spawn(program, ['server', '--address', `127.0.0.1:${port}`, '--quiet', join(dir, 'data')], {
    env,
    stdio: 'ignore',
  });
  const stop = async () => {
    const ended = new Promise((done) => child.once('close', done));
    if (child.exitCode === null && child.kill('SIGKILL')) await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  const client = new S3Client({
    endpoint,
    region: REGION,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  for (let turn = 0; ; turn++) {
    try {
      await client.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: true }));
      break;
    } catch (cause) {
      if (turn > 200 || child.exitCode !== null) {
        await stop();
        throw cause;
      }
      await sleep(100);
    }
  }
  client.destroy();
  const s3 = { region: REGION, bucket: BUCKET, prefix: 'custody/', key: 'audit-ledger' };
  const objects = async () => {
    const aws = await openAws({
      // The guard lets nothing through that is not for the ledger of a plan.
      ledger: { store: 's3', retentionDays: 1, s3: { ...s3, writerRoleArns: [], readerRoleArns: [] } },
      environmentKind: 'sandbox',
      account: accessKeyId,
      region: REGION,
      endpointUrl: endpoint,
      environment: { HOME: dir, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      timeoutMillis: 20_000,
    });
    const place = { region: REGION, bucket: BUCKET, prefix: 'custody/', keyArn: BUCKET, retentionDays: 1 };
    return createS3Objects(aws, { ...place, now: () => new Date().toISOString() });
  };
  return { objects, stop };
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}
