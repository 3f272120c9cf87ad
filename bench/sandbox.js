// The sandbox: operations a second in process and over HTTP, and what ten thousand keys cost in memory and start time.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { createInProcessHandler } from '../build/lib/sandbox/in-process.js';
import { createSandbox } from '../build/lib/sandbox/sandbox.js';
import { createMemoryStore, openFileStore } from '../build/lib/sandbox/state.js';
import { measureKms } from './kms-client.js';
import { run } from './measure.js';

const REGION = 'eu-central-1';
const custody = join(fileURLToPath(new URL('..', import.meta.url)), 'bin', 'run.js');

/** @returns {Promise<object>} rates of each transport, and of start and memory with and without keys */
export async function benchSandbox(keys = 10_000, millis = 2000) {
  const dir = mkdtempSync(join(tmpdir(), 'custody-bench-sandbox-'));
  try {
    const bareClient = await measureKms(cannedClient(), { millis });
    const inMemory = await inProcess(createMemoryStore(), millis);
    const onDisk = await inProcess(openFileStore(join(dir, 'disk')), millis);
    const overHttp = await served(join(dir, 'http'), (address) => measureKms(address, { millis }));
    await fillWithKeys(join(dir, 'full'), keys);
    const empty = await startCost(join(dir, 'empty'));
    const full = await startCost(join(dir, 'full'));
    const fullRates = await served(join(dir, 'full'), (address) => measureKms(address, { millis }));
    return {
      name: 'sandbox',
      opsPerSecond: { bareClient, inMemory, onDisk, overHttp, [`overHttp with ${keys} keys`]: fullRates },
      start: { empty, [`${keys} keys`]: full },
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function clientOf(sandbox) {
  const { accessKeyId, secretAccessKey } = sandbox.profiles().find(({ name }) => name === 'admin');
  return {
    endpoint: 'http://sandbox.invalid',
    region: REGION,
    credentials: { accessKeyId, secretAccessKey },
    requestHandler: createInProcessHandler(sandbox),
  };
}

async function inProcess(store, millis) {
  const sandbox = createSandbox({ store });
  try {
    return await measureKms(clientOf(sandbox), { millis });
  } finally {
    sandbox.close();
  }
}

/** Keys with an alias each, as an account has them; made durable once, at the end. */
async function fillWithKeys(dir, keys) {
  const store = openFileStore(dir);
  const sandbox = createSandbox({ store: { ...store, flush: () => undefined } });
  const client = new KMSClient(clientOf(sandbox));
  for (let n = 0; n < keys; n++) {
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
    await client.send(new CreateAliasCommand({ AliasName: `alias/bench-${n}`, TargetKeyId: KeyMetadata.KeyId }));
  }
  store.flush();
  sandbox.close();
}

/** Milliseconds of `sandbox start` until it answers, against `--version`, and the server's memory then. */
async function startCost(dir) {
  const floor = await run([process.execPath, custody, '--version']);
  const started = await run([process.execPath, custody, 'sandbox', 'start', '--dir', dir, '--json']);
  const { sandbox } = JSON.parse(started.stdout);
  const megabytes = residentMegabytes(sandbox.pid);
  await run([process.execPath, custody, 'sandbox', 'stop', '--dir', dir]);
  return { millis: started.millis, floorMillis: floor.millis, megabytes };
}

/** The floor: the client alone, which signs, and parses an answer that is always the same. */
function cannedClient() {
  const answer = JSON.stringify({ KeyMetadata: { KeyId: 'x' }, CiphertextBlob: 'eA==', Plaintext: 'eA==' });
  const requestHandler = {
    handle: async () => ({
      response: {
        statusCode: 200,
        headers: { 'content-type': 'application/x-amz-json-1.1' },
        body: Readable.from([Buffer.from(answer)]),
      },
    }),
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  };
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' };
  return { endpoint: 'http://canned.invalid', region: REGION, credentials, requestHandler };
}

/** Runs the server in a process of its own, so that client and server do not share one. */
async function served(dir, measure) {
  const started = await run([process.execPath, custody, 'sandbox', 'start', '--dir', dir, '--json']);
  const { sandbox } = JSON.parse(started.stdout);
  try {
    return await measure({ endpoint: sandbox.endpoint, region: REGION, credentials: readKey(sandbox.credentialsFile) });
  } finally {
    await run([process.execPath, custody, 'sandbox', 'stop', '--dir', dir]);
  }
}

function readKey(file) {
  const admin = /\[admin\]\naws_access_key_id = (\S+)\naws_secret_access_key = (\S+)/.exec(readFileSync(file, 'utf8'));
  return { accessKeyId: admin[1], secretAccessKey: admin[2] };
}

function residentMegabytes(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}
