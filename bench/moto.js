// Operations a second: the sandbox over HTTP and in process, and moto, a server that others wrote, in the same run.
// moto's path comes in CUSTODY_PEER_MOTO; without it the sandbox is measured alone.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  ListAliasesCommand,
} from '@aws-sdk/client-kms';
import { createInProcessHandler } from '../build/lib/sandbox/in-process.js';
import { startSandbox, stopSandbox } from '../build/lib/sandbox/process.js';
import { createSandbox } from '../build/lib/sandbox/sandbox.js';
import { createMemoryStore } from '../build/lib/sandbox/state.js';
import { median } from './measure.js';

const REGION = 'eu-central-1';
const IN_FLIGHT = 8;
const ALIASES = 50;
const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Starts moto in server mode on a free port of loopback.
 * @param {string} program path of moto_server
 * @returns {Promise<{ endpoint: string, stop: () => Promise<void> }>}
 */
export async function startMoto(program) {
  const port = await freePort();
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const endpoint = `http://127.0.0.1:${port}`;
  for (let waited = 0; waited < 60_000 && child.exitCode === null; waited += 100) {
    if (await answers(`${endpoint}/moto-api/data.json`)) return { endpoint, stop };
    await delay(100);
  }
  await stop();
  throw new Error(`${program} does not answer`);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function answers(url) {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

/** @returns {Promise<{ name: string, inFlight: number, calls: number, perSecond: Record<string, Record<string, number>> }>} */
export async function benchMoto(calls = 240, rounds = 3) {
  const dir = mkdtempSync(join(tmpdir(), 'custody-bench-'));
  const servers = [];
  try {
    const sides = {};
    for (const open of [openInProcess, () => openServed(dir), openMoto]) {
      const side = await open();
      if (side === null) continue;
      servers.push(side);
      sides[side.name] = await prepare(side.client);
    }
    const perSecond = {};
    for (const operation of Object.keys(Object.values(sides)[0])) {
      // moto makes an RSA key for every key.
      perSecond[operation] = await measure(sides, operation, operation === 'CreateKey' ? calls / 10 : calls, rounds);
    }
    return { name: 'moto', inFlight: IN_FLIGHT, calls, perSecond };
  } finally {
    for (const { client, stop } of servers.reverse()) {
      client.destroy();
      await stop();
    }
    rmSync(dir, { recursive: true, force: true });
  }
}

async function openInProcess() {
  const sandbox = createSandbox({ store: createMemoryStore() });
  const { accessKeyId, secretAccessKey } = sandbox.profiles().find(({ name }) => name === 'admin');
  const client = newClient({
    requestHandler: createInProcessHandler(sandbox),
    credentials: { accessKeyId, secretAccessKey },
  });
  return { name: 'in process', client, stop: async () => sandbox.close() };
}

async function openServed(dir) {
  const entry = join(root, 'bin', 'run.js');
  const args = ['sandbox', 'start', '--foreground', '--dir', dir];
  const env = { PATH: process.env.PATH, HOME: dir };
  const { endpoint, credentialsFile } = await startSandbox({ dir, entry, args, env });
  const client = newClient({ endpoint, credentials: readCredentials(credentialsFile, 'admin') });
  return { name: 'over HTTP', client, stop: () => stopSandbox(dir) };
}

async function openMoto() {
  const program = process.env.CUSTODY_PEER_MOTO;
  if (!program) return null;
  const { endpoint, stop } = await startMoto(program);
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'nobody checks it' };
  return { name: 'moto', client: newClient({ endpoint, credentials }), stop };
}

function newClient(more) {
  // With the SDK's own retries: a server may close a connection that idles while another one is measured.
  return new KMSClient({ region: REGION, ...more });
}

function readCredentials(file, profile) {
  const section = readFileSync(file, 'utf8').split(`[${profile}]`)[1] ?? '';
  const value = (name) => new RegExp(`${name} = (\\S+)`).exec(section)?.[1];
  return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') };
}

/** What each operation is on one server: a key, a ciphertext of it and some aliases are there. */
async function prepare(client) {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
  const { KeyId } = KeyMetadata;
  for (let at = 0; at < ALIASES; at++) {
    await client.send(new CreateAliasCommand({ AliasName: `alias/bench-${at}`, TargetKeyId: KeyId }));
  }
  const sealed = { Plaintext: Buffer.from('a data key of 32 bytes, or so....'), EncryptionContext: { case: '7' } };
  const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, ...sealed }));
  const opened = { CiphertextBlob, EncryptionContext: { case: '7' } };
  return {
    Encrypt: () => client.send(new EncryptCommand({ KeyId, ...sealed })),
    Decrypt: () => client.send(new DecryptCommand(opened)),
    DescribeKey: () => client.send(new DescribeKeyCommand({ KeyId })),
    GenerateDataKey: () => client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
    CreateKey: () => client.send(new CreateKeyCommand({})),
    ListAliases: () => client.send(new ListAliasesCommand({})),
  };
}

/** Calls a second on each side: the median of rounds taken in turns after one that warms up, some calls in flight at once. */
async function measure(sides, operation, calls, rounds) {
  const rates = new Map(Object.keys(sides).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, operations] of Object.entries(sides)) {
      const started = performance.now();
      await callAll(operations[operation], calls);
      if (round >= 0) rates.get(name).push((calls * 1000) / (performance.now() - started));
    }
  }
  return Object.fromEntries([...rates].map(([name, values]) => [name, median(values)]));
}

async function callAll(once, calls) {
  let left = calls;
  const lane = async () => {
    while (left-- > 0) await once();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}
