// Backups: exporting many keys against the bare SDK calls, pacing against the physical floor, and verifying a long history
// against its signatures and hashes alone.
import { createHash, verify as verifyBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListGrantsCommand,
  ListKeyRotationsCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms';
import { fromIni } from '@aws-sdk/credential-providers';
import { openAws } from '../build/lib/aws/connection.js';
import { createKeyReader } from '../build/lib/aws/kms-reader.js';
import { createPace } from '../build/lib/aws/pace.js';
import { exportKeys } from '../build/lib/backup/export.js';
import { forEachOf } from '../build/lib/backup/pool.js';
import { formatSortedSums } from '../build/lib/backup/sums.js';
import { verifyBackups } from '../build/lib/backup/verify.js';
import { openBundle, sealBundle } from '../build/lib/base/bundle.js';
import { digestOf } from '../build/lib/base/bytes.js';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../build/lib/base/dsse.js';
import { lookUp } from '../build/lib/request/desk.js';
import { identitiesOf } from '../build/lib/roster/rules.js';
import { writeConfigFiles } from '../build/lib/sandbox/config-files.js';
import { createInProcessHandler } from '../build/lib/sandbox/in-process.js';
import { createSandbox } from '../build/lib/sandbox/sandbox.js';
import { createMemoryStore } from '../build/lib/sandbox/state.js';
import { keyStatementVerifier } from '../build/lib/signing/key-statement.js';
import { createBackupRepository, removeFolder } from './backup-fixture.js';
import { inTurns, median } from './measure.js';

const REGION = 'eu-central-1';
const IDLE = { millis: () => performance.now(), sleep: async () => undefined, random: Math.random };

/** Collects what is not used any more, whatever flags Node was started with. */
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** @returns {Promise<object>} */
export async function benchBackup(sizes = [100, 1000], held = [100, 1000, 10_000], snapshots = 2000) {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const keys = {};
  for (const count of sizes) keys[count] = await exportAgainstSdk(count);
  const memory = {};
  for (const count of held) memory[count] = await memoryOf(count);
  return { name: 'backup', export: keys, memory, pacing: await pacing(10_000), verify: await verifying(snapshots) };
}

/** The same reading operations, bare and exported, in turns; listing, signing and publishing the whole is told apart. */
export async function exportAgainstSdk(count, rounds = 3) {
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
      return { millis: performance.now() - start };
    };
    const repository = await createBackupRepository(join(root, 'repository'));
    const publishing = [];
    const whole = async () => {
      const { store } = repository;
      const stage = await store.stage();
      const put = (_, bytes) => stage.put(bytes);
      const start = performance.now();
      const { files } = await exportKeys(portsOf(reader, put), scope);
      await stage.end();
      const millis = performance.now() - start;
      publishing.push(await published(repository, files, publishing.length + 1));
      return { millis };
    };
    const times = await inTurns({ bare, whole }, rounds);
    return {
      bareMillis: times.bare,
      millis: times.whole,
      ratio: times.whole / times.bare,
      signAndPublishMillis: median(publishing),
    };
  } finally {
    removeFolder(root);
  }
}

const portsOf = (reader, put) => ({
  reader,
  roleId: async () => 'AROAEXAMPLE',
  clock: { now: () => new Date().toISOString(), sleep: async () => undefined },
  progress: () => undefined,
  put,
});

/** From the sums to the pushed commit: the list, one signature over it, and every file that lies in the clone already. */
async function published({ store, actor }, exported, turn) {
  const start = performance.now();
  const list = formatSortedSums(exported.sums());
  const bundle = await sealBundle(Buffer.from(`{"list":"${digestOf(list)}"}`), actor.signer);
  const files = new Map([
    ['backups/SHA256SUMS', list],
    ['backups/manifest.sigstore.json', bundle],
  ]);
  await store.publish(async () => ({ message: `Backup ${turn}`, files, staged: exported.staged() }));
  return performance.now() - start;
}

/**
 * What stays in memory while keys are exported into a clone, after a collection at the first key, in the middle, and with
 * everything that a backup keeps until it is published. The keys are made up as they are asked for: an SDK or a sandbox
 * would hold more than the export.
 */
export async function memoryOf(count) {
  const root = mkdtempSync(join(tmpdir(), 'custody-bench-memory-'));
  try {
    const { store } = await createBackupRepository(join(root, 'repository'));
    const stage = await store.stage();
    let staged = 0;
    const marks = [];
    const mark = () => {
      collect();
      const { heapUsed, external, rss } = process.memoryUsage();
      marks.push({ live: heapUsed + external, rss });
    };
    mark();
    const put = async (_, bytes) => {
      const blob = await stage.put(bytes);
      staged++;
      if (staged === count * 3) mark();
      return blob;
    };
    const plan = { partition: 'aws', account: ACCOUNT, regions: { primary: REGION, replicas: [] }, keys: {} };
    const scope = { kind: 'all', plan, known: new Map(), regions: [REGION] };
    const exported = await exportKeys(portsOf(inventedKeys(count), put), scope);
    await stage.end();
    mark();
    const [before, middle, after] = marks;
    const held = [...exported.files.sums()].length;
    if (held !== count * 6 + 1) throw new Error(`${held} files`);
    return {
      liveMegabytes: (after.live - before.live) / 2 ** 20,
      bytesAKey: (after.live - before.live) / count,
      bytesAKeyInTheMiddle: (middle.live - before.live) / (count / 2),
      rssMegabytes: (after.rss - before.rss) / 2 ** 20,
    };
  } finally {
    removeFolder(root);
  }
}

const ACCOUNT = '111122223333';

function inventedKeys(count) {
  const keyIds = Array.from(
    { length: count },
    (_, at) => `${at.toString(16).padStart(8, '0')}-12ab-34cd-56ef-1234567890ab`,
  );
  const policyOf = (arn) => ({
    Version: '2012-10-17',
    Statement: Array.from({ length: 12 }, (_, at) => ({
      Sid: `${at} ${arn}`,
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/app` },
      Action: ['kms:Decrypt', 'kms:Encrypt'],
      Resource: '*',
    })),
  });
  return {
    keyIds: async () => keyIds,
    aliases: async () => keyIds.map((keyId) => ({ name: `alias/${keyId}`, keyId })),
    describe: async (_, arn) => ({
      arn,
      description: `key ${arn}`,
      state: 'Enabled',
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      origin: 'AWS_KMS',
      createdAt: '2026-01-01T00:00:00.000Z',
      deletionAt: null,
      multiRegion: null,
    }),
    policy: async (_, arn) => JSON.stringify(policyOf(arn)),
    tags: async (_, arn) => ({ key: arn }),
    grants: async () => [],
    rotationStatus: async () => ({ enabled: true, periodDays: 365, nextAt: '2027-01-01T00:00:00.000Z' }),
    rotations: async () => [],
    publicKey: async () => null,
    materials: async () => null,
  };
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
  // Past the tool: its own client makes a key for a request alone.
  const { configFile: configFilepath, credentialsFile: filepath } = files;
  const maker = new KMSClient({
    region: REGION,
    endpoint: 'http://127.0.0.1:4599',
    credentials: fromIni({ profile: 'admin', configFilepath, filepath, ignoreCache: true }),
    requestHandler: createInProcessHandler(sandbox),
  });
  const ids = [];
  for (let at = 0; at < count; at++) {
    const { KeyMetadata } = await maker.send(new CreateKeyCommand({ Description: `key ${at}` }));
    ids.push(KeyMetadata.KeyId);
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
    const processor = { whole: [], withGit: [], hashAndVerify: [] };
    const judge = async () => {
      const report = await verifyBackups({ state, place, verifier, now: ports.clock.now(), since: 1 });
      if (report.verdict !== 'verified' || report.backups !== count) throw new Error(JSON.stringify(report));
    };
    const inMemory = await readSigned(repository.store);
    const cases = {
      whole: () => timed(judge, processor.whole),
      hashAndVerify: () => timed(() => hashAndVerify(inMemory, key), processor.hashAndVerify),
      withGit: () => timed(async () => hashAndVerify(await readSigned(repository.store), key), processor.withGit),
    };
    const times = await inTurns(cases, rounds);
    const busy = Object.fromEntries(Object.entries(processor).map(([name, all]) => [name, median(all.slice(1))]));
    return {
      snapshots: count,
      hashAndVerifyMillis: times.hashAndVerify,
      withGitMillis: times.withGit,
      millis: times.whole,
      ratio: times.whole / times.withGit,
      ratioToHashAndVerify: times.whole / times.hashAndVerify,
      processorMillis: busy,
      processorRatio: busy.whole / busy.withGit,
      processorRatioToHashAndVerify: busy.whole / busy.hashAndVerify,
    };
  } finally {
    removeFolder(root);
  }
}

/** By the clock; the processor time of this process, all its threads included, goes to `processor`. */
async function timed(work, processor) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  processor.push((user + system) / 1000);
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
