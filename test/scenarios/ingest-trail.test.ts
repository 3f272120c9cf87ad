import { spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  CloudTrailClient,
  GetTrailStatusCommand,
  ListPublicKeysCommand,
  StopLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { fromIni } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { instantFromMillis } from '../../src/lib/base/time.js';
import { at, listAt } from '../../src/lib/rehearse/expect.js';
import { trailNameOf } from '../../src/lib/trail/names.js';
import { PACKAGE_ROOT } from '../support/built.js';
import type { CliOutcome } from '../support/cli.js';
import { STAGE_BUCKET, STAGE_TRAIL, startTrail } from '../support/trail-stage.js';
import { World } from './world.js';

/** One trail of the sandbox, taken in from all four sources, then damaged in each way that `validate-logs` overlooks. */

const Bucket = STAGE_BUCKET;
const REGION = 'eu-central-1';
const READER = 'PrivacyEngineer';
const S3 = ['ledger', 'ingest', '--s3', `s3://${Bucket}`];

let world: World;
let clients: ReturnType<typeof clientsOf>;
beforeAll(async () => {
  world = await World.open();
  clients = clientsOf('admin');
});
afterAll(async () => {
  end(clients);
  await world.close();
});

function clientsOf(profile: string, region = REGION) {
  const { configFile: configFilepath, credentialsFile: filepath, endpoint } = world.serving.info;
  const credentials = fromIni({ profile, configFilepath, filepath, ignoreCache: true });
  const config = { region, endpoint, credentials };
  return {
    s3: new S3Client({ ...config, forcePathStyle: true }),
    cloudTrail: new CloudTrailClient(config),
    kms: new KMSClient(config),
    iam: new IAMClient({ ...config, region: 'us-east-1' }),
  };
}

const end = (some: typeof clients) => Object.values(some).map((client) => client.destroy());

interface Held {
  readonly key: string;
  readonly bytes: Buffer;
  readonly signature: string | undefined;
}

async function objects(): Promise<readonly Held[]> {
  const { Contents = [] } = await clients.s3.send(new ListObjectsV2Command({ Bucket }));
  const named = Contents.map(({ Key = '' }) => Key).filter((key) => trailNameOf(key) !== null);
  return Promise.all(
    named.map(async (key) => {
      const { Body, Metadata } = await clients.s3.send(new GetObjectCommand({ Bucket, Key: key }));
      return { key, bytes: Buffer.from((await Body?.transformToByteArray()) ?? []), signature: Metadata?.signature };
    }),
  );
}
const put = (Key: string, Body: Buffer) => clients.s3.send(new PutObjectCommand({ Bucket, Key, Body }));
const remove = (Key: string) => clients.s3.send(new DeleteObjectCommand({ Bucket, Key }));
const textOf = ({ bytes }: Held) => gunzipSync(bytes).toString('utf8');
const isDigest = ({ key }: Held) => trailNameOf(key)?.kind === 'digest';
const isHome = ({ key }: Held) => key.includes(`/${REGION}/`);

/** As `aws s3 sync` copies it; what that leaves behind of the newest digests is put beside them. */
function copyTo(dir: string, held: readonly Held[]): void {
  for (const { key, bytes, signature } of held) {
    const path = join(dir, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    if (signature !== undefined) writeFileSync(`${path}.signature`, signature);
  }
}

function fromStdin(lines: readonly string[]): Promise<CliOutcome> {
  const file = join(world.dir, 'lines.jsonl');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  const words = [join(PACKAGE_ROOT, 'bin/run.js'), 'ledger', 'ingest', '--stdin', '--json'];
  const env = { ...process.env, ...world.environment('deputy') };
  const child = spawn(process.execPath, words, { env, stdio: [openSync(file, 'r'), 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => said.push(chunk));
  child.stderr?.resume();
  return new Promise((resolve) =>
    child.on('close', (exit) => {
      const stdout = Buffer.concat(said).toString('utf8');
      resolve({ exit: exit ?? 1, stdout, stderr: '', json: JSON.parse(stdout) });
    }),
  );
}

const count = ({ json }: CliOutcome, name: string) => Number(at(json, 'counts', name));
/** Most keys of the plan are not made yet, and which they are, nobody knows: the check `keys` is open in this world. */
const open = ({ json }: CliOutcome) =>
  listAt(json, 'checks').flatMap((item) => (at(item, 'status') === 'pass' ? [] : [at(item, 'id')]));
const findings = ({ json }: CliOutcome) => [...new Set(listAt(json, 'findings').map((item) => at(item, 'id')))];

async function ledgerIds(): Promise<readonly unknown[]> {
  const shown = await world.ok('architect', 'ledger', 'show', '--kind', 'usage', '--last', '1000');
  return listAt(shown.json, 'entries').map((entry) => at(entry, 'facts', 'eventId'));
}

it('T39 T46 one trail comes in once from four sources, and its damages are told apart', async () => {
  const roleArn = `arn:aws:iam::000000000000:role/${READER}`;
  const Statement = [{ Effect: 'Allow', Action: 'cloudtrail:ListPublicKeys', Resource: '*' }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await clients.iam.send(new PutRolePolicyCommand({ RoleName: READER, PolicyName: 'keys', PolicyDocument }));
  await startTrail(clients, [roleArn]);
  const { StartLoggingTime } = await clients.cloudTrail.send(new GetTrailStatusCommand({ Name: STAGE_TRAIL }));
  const since = instantFromMillis(StartLoggingTime?.getTime() ?? 0);
  const seat = clientsOf('architect');
  for (let time = 0; time < 3; time++) await seat.kms.send(new DescribeKeyCommand({ KeyId: world.caseDataArn }));
  end(seat);
  await world.advance('2h');
  const until = instantFromMillis(world.serving.sandbox.nowMillis());
  await world.advance('3h');
  const window = ['--since', since, '--until', until];

  // From the bucket: what signed digests prove.
  const first = await world.ends(3, 'privacy', ...S3, ...window);
  expect([open(first), findings(first)]).toEqual([['keys'], []]);
  const taken = count(first, 'taken');
  expect(taken).toBeGreaterThanOrEqual(3);
  expect(at(first.json, 'waiting')).toBe(0);
  const ids = await ledgerIds();
  expect(ids).toHaveLength(taken);

  // From a folder with keys that the caller vouches for: the same events, once.
  const held = await objects();
  const copy = join(world.dir, 'copy');
  copyTo(copy, held);
  const found = [];
  for (const region of world.serving.sandbox.regions) {
    const there = clientsOf('admin', region);
    const { PublicKeyList = [] } = await there.cloudTrail.send(
      new ListPublicKeysCommand({ StartTime: new Date(since), EndTime: new Date(world.serving.sandbox.nowMillis()) }),
    );
    end(there);
    found.push(...PublicKeyList.map((key) => ({ ...key, Value: Buffer.from(key.Value ?? []).toString('base64') })));
  }
  const keyFile = join(world.dir, 'keys.json');
  writeFileSync(keyFile, JSON.stringify({ PublicKeyList: found }));
  const folder = ['ledger', 'ingest', '--directory', copy, '--public-keys', keyFile, ...window];
  const second = await world.ends(3, 'architect', ...folder);
  expect([open(second), count(second, 'taken'), count(second, 'known')]).toEqual([['keys'], 0, taken]);

  // From a stream, in envelopes and not, with a line that is none: the rest goes on.
  const records = held
    .filter((item) => !isDigest(item) && isHome(item))
    .flatMap((item) => (JSON.parse(textOf(item)) as { Records: { eventID: string }[] }).Records)
    .filter(({ eventID }) => ids.includes(eventID));
  const lines = records.map((record, index) => JSON.stringify(index % 2 === 0 ? record : { detail: record }));
  const third = await fromStdin([...lines, '{"eventID":1,"eventID":2}']);
  expect(third.exit).toBe(3);
  expect([count(third, 'taken'), count(third, 'known'), count(third, 'refused')]).toEqual([0, taken, 1]);
  expect(listAt(third.json, 'refusals').map((item) => at(item, 'where'))).toEqual([`stdin:${lines.length + 1}`]);

  // From the event history, which knows more: what came before and after the trail's window.
  const fourth = await world.ends(3, 'privacy', 'ledger', 'ingest', '--lookup');
  expect(open(fourth)).toEqual(['keys']);
  expect(count(fourth, 'known')).toBe(taken);
  const all = await ledgerIds();
  expect(new Set(all).size).toBe(all.length);

  // Damages, each found for itself while those before it stay.
  const listed = held.filter((item) => !isDigest(item) && isHome(item));
  const [victim] = listed;
  const digests = held.filter((item) => isDigest(item));
  if (victim === undefined) throw new Error('nothing was delivered');
  await put(victim.key.replace(/_\w{16}\./, '_AAAAAAAAAAAAAAAA.'), victim.bytes);
  expect(findings(await world.ends(3, 'privacy', ...S3, ...window))).toEqual(['log-unlisted']);
  await put(victim.key, gzipSync(textOf(victim).replace('DescribeKey', 'DeleteAlias')));
  expect(findings(await world.ends(3, 'privacy', ...S3, ...window)).sort()).toEqual(['log-edited', 'log-unlisted']);
  for (const { key } of digests.filter(isHome).slice(1)) await remove(key);
  expect(findings(await world.ends(3, 'privacy', ...S3, ...window))).toContain('cut-tail');
  for (const { key } of digests) await remove(key);
  const last = await world.ends(3, 'privacy', ...S3, ...window);
  expect(findings(last)).toContain('no-digests');
  expect(count(last, 'taken')).toBe(0);

  // Who stops the trail is in the ledger, and nothing was written twice.
  await clients.cloudTrail.send(new StopLoggingCommand({ Name: STAGE_TRAIL }));
  const stopped = ['ledger', 'ingest', '--lookup', '--since', '1h'];
  expect(at((await world.ends(3, 'privacy', ...stopped)).json, 'counts', 'refused')).toBe(0);
  const atLast = await ledgerIds();
  expect(new Set(atLast).size).toBe(atLast.length);
  await world.ok('architect', 'ledger', 'verify');
});
