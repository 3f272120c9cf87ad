import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

/** Servers that others wrote; undefined where nobody installed one (see .ci/run). */
export const S3_PEERS = {
  versitygw: process.env.CUSTODY_PEER_VERSITYGW,
  minio: process.env.CUSTODY_PEER_MINIO,
  moto: process.env.CUSTODY_PEER_MOTO,
} as const;
export type S3PeerName = keyof typeof S3_PEERS;

/** versitygw takes the access key for the account that owns a bucket. */
const ACCESS = '000000000000';
const SECRET = 'wJalrXUtnFEMIexamplekey';
const START_MILLIS = 60_000;
export const BUCKET = 'custody-ledger';

export interface S3Server {
  readonly endpointUrl: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** A client that knows nothing of custody: the attacker's. */
  readonly client: S3Client;
  stop(): Promise<void>;
}

/** Starts one on loopback, with a bucket that has versions and Object Lock. */
export async function startS3(name: S3PeerName): Promise<S3Server> {
  const dir = mkdtempSync(join(tmpdir(), `custody-${name}-`));
  const port = await freePort();
  const child = spawnServer(name, dir, port);
  const endpointUrl = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: ACCESS, secretAccessKey: SECRET };
  const client = new S3Client({
    endpoint: endpointUrl,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials,
    maxAttempts: 1,
  });
  const stop = async () => {
    client.destroy();
    const ended = new Promise((done) => child.once('close', done));
    if (child.exitCode === null && child.kill('SIGKILL')) await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await created(client, child);
    return { endpointUrl, ...credentials, client, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** The bucket is the first request: until it is answered the server is not there. */
async function created(client: S3Client, child: ChildProcess): Promise<void> {
  const end = Date.now() + START_MILLIS;
  for (;;) {
    try {
      await client.send(
        new CreateBucketCommand({
          Bucket: BUCKET,
          ObjectLockEnabledForBucket: true,
          CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
        }),
      );
      return;
    } catch (cause) {
      if (child.exitCode !== null || Date.now() > end) throw cause;
      await wait(100);
    }
  }
}

function spawnServer(name: S3PeerName, dir: string, port: number): ChildProcess {
  const program = S3_PEERS[name] ?? '';
  const env = { PATH: process.env.PATH, HOME: dir };
  const stdio = 'ignore' as const;
  if (name === 'versitygw') {
    const [root, versions] = [join(dir, 'root'), join(dir, 'versions')];
    for (const folder of [root, versions]) mkdirSync(folder);
    const words = ['--port', `127.0.0.1:${port}`, '--region', 'eu-central-1', '--quiet', '--keep-alive'];
    return spawn(program, [...words, 'posix', '--versioning-dir', versions, root], {
      env: { ...env, ROOT_ACCESS_KEY: ACCESS, ROOT_SECRET_KEY: SECRET },
      stdio,
    });
  }
  if (name === 'minio') {
    const key = Buffer.alloc(32, 7).toString('base64');
    return spawn(program, ['server', '--address', `127.0.0.1:${port}`, '--quiet', join(dir, 'data')], {
      env: {
        ...env,
        MINIO_ROOT_USER: ACCESS,
        MINIO_ROOT_PASSWORD: SECRET,
        MINIO_SITE_REGION: 'eu-central-1',
        MINIO_BROWSER: 'off',
        MINIO_KMS_SECRET_KEY: `custody-ledger:${key}`,
      },
      stdio,
    });
  }
  return spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { env, stdio });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
