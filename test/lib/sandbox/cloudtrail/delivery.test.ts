import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import {
  CloudTrailClient,
  CreateTrailCommand,
  DeleteTrailCommand,
  GetTrailStatusCommand,
  ListPublicKeysCommand,
  LookupEventsCommand,
  StartLoggingCommand,
  StopLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import { CreateKeyCommand, RotateKeyOnDemandCommand } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it } from 'vitest';
import { addSeconds, parseInstant } from '../../../../src/lib/base/time.js';
import { createInProcessHandler } from '../../../../src/lib/sandbox/in-process.js';
import type { Sandbox } from '../../../../src/lib/sandbox/sandbox.js';
import { createMemoryStore } from '../../../../src/lib/sandbox/state.js';
import { judgeDigests } from '../../../../src/lib/trail/digest-chain.js';
import { parseDigest } from '../../../../src/lib/trail/digest-file.js';
import { trailNameOf } from '../../../../src/lib/trail/names.js';
import { kmsClient, s3Client } from '../../../support/s3/stage.js';
import { STAGE_ARN, STAGE_BUCKET, STAGE_TRAIL, startTrail, trailBucketPolicy } from '../../../support/trail-stage.js';
import { openSandbox, START } from '../support.js';

const HOME = 'eu-central-1';
const Bucket = STAGE_BUCKET;
const Name = STAGE_TRAIL;

let sandbox: Sandbox;
let bugs: unknown[];
let clients: ReturnType<typeof clientsOf>;

function clientsOf(of: Sandbox) {
  const { accessKeyId = '', secretAccessKey = '' } = of.profiles().find(({ name }) => name === 'admin') ?? {};
  const cloudTrail = new CloudTrailClient({
    region: HOME,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
    requestHandler: createInProcessHandler(of),
  });
  return { cloudTrail: onTime(cloudTrail), s3: s3In(of, HOME), kms: kmsIn(of, HOME) };
}
const s3In = (of: Sandbox, region: string) => onTime(s3Client(of, 'admin', { region }));
const kmsIn = (of: Sandbox, region: string) => onTime(kmsClient(of, 'admin', region));

/** The sandbox takes signatures by its wall clock, which stands still; a client would follow the time that was moved. */
function onTime<T extends { readonly config: { systemClockOffset: number } }>(client: T): T {
  const clock = { get: () => START - Date.now(), set: () => undefined };
  Object.defineProperty(client.config, 'systemClockOffset', clock);
  return client;
}

beforeEach(() => {
  ({ sandbox, bugs } = openSandbox());
  clients = clientsOf(sandbox);
});

async function keys(): Promise<string[]> {
  const found: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const answer = await clients.s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken }));
    found.push(...(answer.Contents ?? []).map(({ Key = '' }) => Key));
    ContinuationToken = answer.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  expect(bugs).toEqual([]);
  return found;
}
const logs = async () => (await keys()).filter((key) => trailNameOf(key)?.kind === 'log');
const digests = async (region = HOME) =>
  (await keys()).filter((key) => trailNameOf(key)?.kind === 'digest' && key.includes(`/${region}/`));

async function stored(Key: string) {
  const { Body, Metadata = {}, LastModified } = await clients.s3.send(new GetObjectCommand({ Bucket, Key }));
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
  return { bytes, metadata: Metadata, modified: LastModified };
}
async function records(key: string): Promise<{ eventName: string; eventID: string; awsRegion: string }[]> {
  return JSON.parse(gunzipSync((await stored(key)).bytes).toString()).Records;
}
const status = () => clients.cloudTrail.send(new GetTrailStatusCommand({ Name }));
const eventNames = async () =>
  (await Promise.all((await logs()).map(records))).flat().map(({ eventName }) => eventName);

/** The digests of a Region, judged by the project's own reader, which knows nothing of the sandbox. */
async function judged(region = HOME) {
  const { PublicKeyList = [] } = await clients.cloudTrail.send(
    new ListPublicKeysCommand({ StartTime: new Date(0), EndTime: new Date(sandbox.nowMillis()) }),
  );
  const publicKeys = PublicKeyList.map(({ Fingerprint = '', Value = new Uint8Array() }) => ({
    fingerprint: Fingerprint,
    der: Value,
    validFrom: parseInstant('2020-01-01T00:00:00.000Z'),
    validUntil: parseInstant('2030-01-01T00:00:00.000Z'),
  }));
  const found = [];
  for (const key of await digests(region)) {
    const { bytes, metadata } = await stored(key);
    const name = trailNameOf(key);
    const digest = parseDigest(gunzipSync(bytes), key);
    if (name?.kind !== 'digest') throw new Error(key);
    found.push({ name: key, place: key, endsAt: name.endsAt, digest, signatureHex: metadata.signature ?? null });
  }
  const from = found[0]?.digest.startsAt ?? parseInstant('2026-01-01T00:00:00.000Z');
  const until = found.at(-1)?.endsAt ?? from;
  const keysFor = () => publicKeys;
  return judgeDigests({ chain: 'chain', found, keysFor, placeOf: (_, object) => object, window: { from, until } });
}

describe('what a trail delivers', () => {
  it('every event once, in gzip JSON under the names that CloudTrail gives', async () => {
    await startTrail(clients);
    await clients.kms.send(new CreateKeyCommand({}));
    sandbox.advance(600);
    await clients.kms.send(new CreateKeyCommand({}));
    sandbox.advance(600);
    const files = await logs();
    expect(files[0]).toMatch(
      /^AWSLogs\/000000000000\/CloudTrail\/eu-central-1\/2026\/01\/31\/000000000000_CloudTrail_eu-central-1_20260131T0905Z_[A-Za-z0-9]{16}\.json\.gz$/,
    );
    const all = (await Promise.all(files.map(records))).flat();
    expect(all.map(({ eventName }) => eventName)).toEqual(['StartLogging', 'CreateKey', 'CreateKey']);
    const { Events = [] } = await clients.cloudTrail.send(new LookupEventsCommand({}));
    const known = new Set(Events.map(({ EventId }) => EventId));
    expect(all.every(({ eventID }) => known.has(eventID))).toBe(true);
  });

  it('nothing before it is due, and nothing of what was before it began', async () => {
    await clients.kms.send(new CreateKeyCommand({}));
    await startTrail(clients);
    expect(await logs()).toEqual([]);
    sandbox.advance(299);
    expect(await logs()).toEqual([]);
    sandbox.advance(1);
    expect(await eventNames()).toEqual(['StartLogging']);
    // The folders are there from the start, empty, as CloudTrail makes them.
    expect(await keys()).toContain('AWSLogs/000000000000/CloudTrail-Digest/');
  });

  it('each Region apart for a trail of all Regions, the home Region alone for another', async () => {
    await startTrail(clients);
    const away = kmsIn(sandbox, 'eu-west-1');
    await away.send(new CreateKeyCommand({}));
    sandbox.advance(4000);
    expect((await logs()).map((key) => key.split('/')[3]).sort()).toEqual(['eu-central-1', 'eu-west-1']);
    expect(await digests('us-east-1')).toHaveLength(0);
    sandbox.advance(800);
    for (const region of sandbox.regions) expect(await digests(region)).toHaveLength(1);
    ({ sandbox, bugs } = openSandbox());
    clients = clientsOf(sandbox);
    await startTrail(clients, [], { IsMultiRegionTrail: false });
    await kmsIn(sandbox, 'eu-west-1').send(new CreateKeyCommand({}));
    sandbox.advance(5000);
    expect((await keys()).some((key) => key.includes('eu-west-1'))).toBe(false);
  });

  it('a digest each hour, chained and signed, whether something happened or not', async () => {
    await startTrail(clients);
    sandbox.advance(3 * 3600 + 600);
    const { findings, covered, logs: listed } = await judged();
    expect(findings).toEqual([]);
    expect(covered).toHaveLength(1);
    expect(await digests()).toHaveLength(3);
    expect(listed.map(({ object }) => object)).toEqual(await logs());
    const [log] = await logs();
    const hash = createHash('sha256')
      .update(gunzipSync((await stored(log ?? '')).bytes))
      .digest('hex');
    expect(listed[0]?.hashHex).toBe(hash);
    const [first] = await digests();
    const { LastModified, Metadata } = await clients.s3.send(new HeadObjectCommand({ Bucket, Key: first ?? '' }));
    expect(Metadata).toMatchObject({ 'signature-algorithm': 'SHA256withRSA' });
    expect(LastModified?.toISOString()).toBe('2026-01-31T10:10:00.000Z');
  });

  it('days at once, with what KMS did on the way, and a key pair that changed', async () => {
    await startTrail(clients, [], { IsMultiRegionTrail: false });
    const { KeyMetadata } = await clients.kms.send(new CreateKeyCommand({}));
    await clients.kms.send(new RotateKeyOnDemandCommand({ KeyId: KeyMetadata?.KeyId ?? '' }));
    sandbox.advance(8 * 86_400);
    const { findings, covered } = await judged();
    expect(findings).toEqual([]);
    expect(covered).toHaveLength(1);
    expect(await digests()).toHaveLength(8 * 24 - 1);
    expect(await eventNames()).toContain('RotateKey');
    const { PublicKeyList } = await clients.cloudTrail.send(
      new ListPublicKeysCommand({ StartTime: new Date(0), EndTime: new Date(sandbox.nowMillis()) }),
    );
    expect(PublicKeyList).toHaveLength(2);
  });

  it('a last digest with the call that stopped it, and a chain that begins anew', async () => {
    await startTrail(clients);
    sandbox.advance(3600);
    await clients.cloudTrail.send(new StopLoggingCommand({ Name }));
    await clients.kms.send(new CreateKeyCommand({}));
    sandbox.advance(7200);
    expect(await eventNames()).toEqual(['StartLogging', 'StopLogging']);
    const before = await digests();
    expect((await judged()).findings).toEqual([]);
    await clients.cloudTrail.send(new StartLoggingCommand({ Name }));
    sandbox.advance(5400);
    expect(await digests()).toHaveLength(before.length + 1);
    expect((await judged()).findings.map(({ id }) => id)).toEqual(['gap']);
    expect(await eventNames()).not.toContain('CreateKey');
  });

  it('under a prefix, in a bucket of another Region', async () => {
    const elsewhere = { ...clients, s3: s3In(sandbox, 'eu-west-1') };
    await elsewhere.s3.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
    );
    await elsewhere.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: trailBucketPolicy([], 'logs/') }));
    await clients.cloudTrail.send(new CreateTrailCommand({ Name, S3BucketName: Bucket, S3KeyPrefix: 'logs' }));
    await clients.cloudTrail.send(new StartLoggingCommand({ Name: STAGE_ARN }));
    sandbox.advance(300);
    clients = elsewhere;
    expect((await logs())[0]).toMatch(/^logs\/AWSLogs\/000000000000\/CloudTrail\/eu-central-1\//);
  });

  it('what a bucket refused comes later, and the status says why', async () => {
    await startTrail(clients);
    await clients.s3.send(new DeleteBucketPolicyCommand({ Bucket }));
    sandbox.advance(600);
    expect(await logs()).toEqual([]);
    expect(await status()).toMatchObject({ IsLogging: true, LatestDeliveryError: 'AccessDenied' });
    await clients.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: trailBucketPolicy() }));
    sandbox.advance(300);
    expect(await eventNames()).toContain('StartLogging');
    expect((await status()).LatestDeliveryError).toBeUndefined();
  });

  it('the same after the sandbox was started anew', async () => {
    const store = createMemoryStore();
    ({ sandbox, bugs } = openSandbox({ store }));
    clients = clientsOf(sandbox);
    await startTrail(clients);
    sandbox.advance(5000);
    const before = await digests();
    ({ sandbox, bugs } = openSandbox({ store }));
    clients = clientsOf(sandbox);
    await clients.kms.send(new CreateKeyCommand({}));
    sandbox.advance(2 * 3600);
    expect((await digests()).slice(0, before.length)).toEqual(before);
    expect((await judged()).findings).toEqual([]);
  });
});

describe('a trail', () => {
  const refused = (answer: Promise<unknown>) => expect(answer).rejects;
  const create = (input: object) =>
    clients.cloudTrail.send(new CreateTrailCommand({ Name, S3BucketName: Bucket, ...input }));

  it('needs a bucket whose policy lets CloudTrail in for this very trail', async () => {
    await refused(create({})).toMatchObject({ name: 'S3BucketDoesNotExistException' });
    await clients.s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: HOME } }));
    await refused(create({})).toMatchObject({ name: 'InsufficientS3BucketPolicyException' });
    await clients.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: trailBucketPolicy() }));
    await refused(create({ Name: 'another' })).toMatchObject({ name: 'InsufficientS3BucketPolicyException' });
    await refused(create({ S3KeyPrefix: 'logs' })).toMatchObject({ name: 'InsufficientS3BucketPolicyException' });
    expect(await create({})).toMatchObject({ TrailARN: STAGE_ARN, LogFileValidationEnabled: false });
  });

  it.each<[string, object, string]>([
    ['a name that is none', { Name: '-x-' }, 'InvalidTrailNameException'],
    ['an address as a name', { Name: '192.168.1.1' }, 'InvalidTrailNameException'],
    ['no bucket', { S3BucketName: '' }, 'InvalidS3BucketNameException'],
    ['a prefix with an end', { S3KeyPrefix: 'logs/' }, 'InvalidS3PrefixException'],
    ['a key', { KmsKeyId: 'alias/x' }, 'UnsupportedOperationException'],
    ['an organization', { IsOrganizationTrail: true }, 'UnsupportedOperationException'],
  ])('is refused with %s', async (_, input, name) => {
    await refused(create(input)).toMatchObject({ name });
  });

  it('is there once, is deleted, and is then unknown', async () => {
    await startTrail(clients);
    await refused(create({})).toMatchObject({ name: 'TrailAlreadyExistsException' });
    sandbox.advance(60);
    await clients.cloudTrail.send(new DeleteTrailCommand({ Name }));
    await refused(status()).toMatchObject({ name: 'TrailNotFoundException' });
    sandbox.advance(7200);
    expect(await digests()).toHaveLength(1);
  });

  it('gives its public keys to whoever may ask, of the time that is asked about', async () => {
    await startTrail(clients);
    sandbox.advance(5000);
    const at = (seconds: number) => new Date(Date.parse(addSeconds(parseInstant('2026-01-31T09:00:00.000Z'), seconds)));
    const list = async (StartTime: Date, EndTime: Date) =>
      (await clients.cloudTrail.send(new ListPublicKeysCommand({ StartTime, EndTime }))).PublicKeyList?.length ?? 0;
    expect(await list(at(0), at(3600))).toBe(1);
    expect(await list(at(-7200), at(-3600))).toBe(0);
    await refused(list(at(3600), at(0))).toMatchObject({ name: 'InvalidTimeRangeException' });
  });
});
