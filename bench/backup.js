// Backups: exporting many keys against the bare SDK calls, pacing against the physical floor, and verifying a long history
// against its signatures and hashes alone.
import { createHash, verify as verifyBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListGrantsCommand,
  ListKeyRotationsCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms';
import { openAws } from '../build/lib/aws/connection.js';
import { createKeyReader } from '../build/lib/aws/kms-reader.js';
import { createKeyWriter } from '../build/lib/aws/kms-writer.js';
import { createPace } from '../build/lib/aws/pace.js';
import { exportKeys } from '../build/lib/backup/export.js';
import { forEachOf } from '../build/lib/backup/pool.js';
import { verifyBackups } from '../build/lib/backup/verify.js';
import { openBundle } from '../build/lib/base/bundle.js';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../build/lib/base/dsse.js';
import { lookUp } from '../build/lib/request/desk.js';
import { identitiesOf } from '../build/lib/roster/rules.js';
import { writeConfigFiles } from '../build/lib/sandbox/config-files.js';
import { createInProcessHandler } from '../build/lib/sandbox/in-process.js';
import { createSandbox } from '../build/lib/sandbox/sandbox.js';
import { createMemoryStore } from '../build/lib/sandbox/state.js';
import { keyStatementVerifier } from '../build/lib/signing/key-statement.js';
import { inTurns } from './measure.js';
import { createBackupRepository, removeFolder } from './backup-fixture.js';

const REGION = 'eu-central-1';
const IDLE = { millis: () => performance.now(), sleep: async () => undefined, random: Math.random };

/** @returns {Promise<object>} */
export async function benchBackup(sizes = [100, 1000, 10_000], snapshots = 2000) {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const keys = {};
  for (const count of sizes) keys[count] = await exportAgainstSdk(count);
  return { name: 'backup', export: keys, pacing: await pacing(10_000), verify: await verifying(snapshots) };
}

export async function exportAgainstSdk(count) {
  const root = mkdtempSync(join(tmpdir(), 'custody-bench-backup-'));
  try {
    const { aws, reader, scope, ids } = await account(root, count);
    const bare = async () => {
      const start = performance.now();
      await forEachOf(ids, 32, async (KeyId) => {
        const calls = [
          DescribeKeyCommand,
          GetKeyPolicyCommand,
          ListResourceTagsCommand,
          ListGrantsCommand,
          GetKeyRotationStatusCommand,
          ListKeyRotationsCommand,
        ];
        await Promise.all(
          calls.map((Command) =>
            aws
              .kms(REGION)
              .once(Command.name.replace('Command', ''), (_, client) =>
                client.send(
                  new Command({ KeyId, ...(Command === GetKeyPolicyCommand ? { PolicyName: 'default' } : {}) }),
                ),
              ),
          ),
        );
      });
      return performance.now() - start;
    };
    const clock = { now: () => new Date().toISOString(), sleep: async () => undefined };
    const repository = await createBackupRepository(join(root, 'repository'));
    const whole = async () => {
      const stage = await repository.store.stage();
      globalThis.gc?.();
      const before = process.memoryUsage().rss;
      let most = before;
      const start = performance.now();
      const put = async (_, bytes) => {
        await stage.put(bytes);
        most = Math.max(most, process.memoryUsage.rss());
      };
      await exportKeys({ reader, roleId: async () => 'AROAEXAMPLE', clock, progress: () => undefined, put }, scope);
      await stage.end();
      return { millis: performance.now() - start, megabytes: (most - before) / 2 ** 20 };
    };
    // Taken in turns, the first of each for warming up.
    await bare();
    const [floor, done] = [await bare(), await whole()];
    return { bareMillis: floor, millis: done.millis, ratio: done.millis / floor, megabytes: done.megabytes };
  } finally {
    removeFolder(root);
  }
}

async function account(root, count) {
  mkdirSync(join(root, 'aws'));
  const sandbox = createSandbox({ store: createMemoryStore() });
  const files = writeConfigFiles(join(root, 'aws'), sandbox, 'http://127.0.0.1:4599');
  const environment = { AWS_CONFIG_FILE: files.configFile, AWS_SHARED_CREDENTIALS_FILE: files.credentialsFile };
  const aws = await openAws({
    environmentKind: 'sandbox',
    account: sandbox.account,
    profile: 'admin',
    environment,
    timeoutMillis: 60_000,
    timer: IDLE,
    requestHandler: createInProcessHandler(sandbox),
  });
  const writer = createKeyWriter(aws);
  const ids = [];
  for (let at = 0; at < count; at++) {
    const { answer } = await writer.call({
      service: 'kms',
      region: REGION,
      operation: 'CreateKey',
      parameters: { Description: `key ${at}` },
    });
    ids.push(answer.KeyMetadata.KeyId);
  }
  const plan = { partition: 'aws', account: sandbox.account, regions: { primary: REGION, replicas: [] }, keys: {} };
  return { aws, reader: createKeyReader(aws), ids, scope: { kind: 'all', plan, known: new Map(), regions: [REGION] } };
}

/** In time that passes only when somebody waits: what the buckets alone cost, at the full quota and at half of it. */
async function pacing(count) {
  const timed = async (share) => {
    let now = 0;
    const waiting = [];
    const timer = {
      millis: () => now,
      random: () => 0,
      sleep: (millis) => new Promise((resolve) => waiting.push({ at: now + millis, resolve })),
    };
    const pace = createPace(timer, share);
    const operations = [
      'DescribeKey',
      'GetKeyPolicy',
      'ListResourceTags',
      'ListGrants',
      'GetKeyRotationStatus',
      'ListKeyRotations',
    ];
    let done = false;
    const all = forEachOf(
      Array.from({ length: count }, (_, at) => at + 1),
      32,
      async () => Promise.all(operations.map((one) => pace.turn(REGION, one))),
    ).then(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      waiting.sort((a, b) => a.at - b.at);
      const next = waiting.shift();
      if (next) {
        now = Math.max(now, next.at);
        next.resolve();
      }
    }
    await all;
    return now / 1000;
  };
  const floorSeconds = count / 100;
  const full = await timed(1);
  const half = await timed(0.5);
  return { keys: count, floorSeconds, fullSeconds: full, ratio: full / floorSeconds, halfSeconds: half };
}

/** The whole verification and the raw work in turns, so that a machine that slows down slows down both. */
export async function verifying(count, rounds = 5) {
  const root = mkdtempSync(join(tmpdir(), 'custody-bench-verify-'));
  try {
    const repository = await createBackupRepository(root);
    await repository.backUpTimes(count);
    const state = await lookUp(repository.ports, 'local');
    const key = identitiesOf(state.roster).get(repository.actor.signer.publicKey.keyId).key;
    const verifier = keyStatementVerifier([key]);
    const { place, ports } = repository;
    const whole = async () => {
      const start = performance.now();
      const report = await verifyBackups({ state, place, verifier, now: ports.clock.now(), since: 1 });
      if (report.verdict !== 'verified' || report.backups !== count) throw new Error(JSON.stringify(report));
      return { millis: performance.now() - start };
    };
    const inMemory = await readSigned(repository.store);
    const raw = {
      hashAndVerify: async () => timed(() => hashAndVerify(inMemory, key)),
      withGit: async () => timed(async () => hashAndVerify(await readSigned(repository.store), key)),
    };
    const times = await inTurns({ whole, ...raw }, rounds);
    return {
      snapshots: count,
      hashAndVerifyMillis: times.hashAndVerify,
      withGitMillis: times.withGit,
      millis: times.whole,
      ratio: times.whole / times.withGit,
      ratioToHashAndVerify: times.whole / times.hashAndVerify,
    };
  } finally {
    removeFolder(root);
  }
}

async function timed(work) {
  const start = performance.now();
  await work();
  return { millis: performance.now() - start };
}

/** Every file of every backup, as Git lists and reads it: without that nobody has the bytes. */
async function readSigned(store) {
  const { head } = await store.local();
  const changes = await store.changesUnder(head, ['backups']);
  const paths = new Map(
    changes.flatMap(({ files }) => files.flatMap(({ path, blob }) => (blob === null ? [] : [[blob, path]]))),
  );
  const found = [];
  await store.readBlobs([...paths.keys()], (id, bytes) => found.push([paths.get(id), bytes]));
  return found;
}

/** Every signature and every SHA-256 that verifying cannot do without, one after the other, and nothing said of them. */
function hashAndVerify(files, key) {
  for (const [path, bytes] of files) {
    createHash('sha256').update(bytes).digest();
    if (!path.endsWith('.sigstore.json')) continue;
    const { payload, signature } = openBundle(bytes, 'x', 1e9);
    if (!verifyBytes('sha256', preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload), key.object, signature))
      throw new Error('signature');
  }
}
