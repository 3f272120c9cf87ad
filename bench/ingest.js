// Log files with digests taken into a ledger in memory, against `aws cloudtrail validate-logs` over the same bucket, and
// against the floor: unpack, hash and parse each file, and no more.
import { createHash, createSign, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sourceOfFiles } from '../build/lib/ingest/from-files.js';
import { ingest } from '../build/lib/ingest/ingest.js';
import { emptyKnown } from '../build/lib/ingest/known.js';
import { headAfter } from '../build/lib/ledger/chain.js';
import { run } from './measure.js';

const ACCOUNT = '111122223333';
const BUCKET = 'trail-bucket';
const KEY = '1234abcd-12ab-34cd-56ef-1234567890ab';
const [HOURS, FILES_AN_HOUR, EVENTS_A_FILE] = [20, 10, 500];
const START = Date.parse('2026-03-02T00:00:00Z');
const iso = (millis) => `${new Date(millis).toISOString().slice(0, 19)}Z`;
const hex = (bytes) => createHash('sha256').update(bytes).digest('hex');

export async function benchIngest() {
  const bucket = trail();
  const own = await timed(() => takeIn(bucket));
  const floor = await timed(async () => {
    for (const { bytes } of bucket.objects.values()) {
      const unpacked = gunzipSync(bytes);
      hex(unpacked);
      JSON.parse(unpacked.toString());
    }
  });
  const events = HOURS * FILES_AN_HOUR * EVENTS_A_FILE;
  const peer = process.env.CUSTODY_PEER_AWS ? await validateLogs(bucket) : null;
  return {
    name: 'ingest: log files with digests into a ledger in memory',
    events,
    megabytes: bucket.unpacked / 1e6,
    seconds: own.millis / 1000,
    cpuSeconds: own.cpuMillis / 1000,
    eventsACpuSecond: events / (own.cpuMillis / 1000),
    timesTheFloor: own.cpuMillis / floor.cpuMillis,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    ...(peer === null ? {} : { validateLogsSeconds: peer.millis / 1000, validateLogsCpuSeconds: peer.cpuSeconds }),
  };
}

/** In processor time of the whole process too, since a busy machine moves what a clock shows. */
async function timed(work) {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { millis: performance.now() - started, cpuMillis: (user + system) / 1000 };
}

function trail() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const der = publicKey.export({ type: 'pkcs1', format: 'der' });
  const fingerprint = createHash('md5').update(der).digest('hex');
  const objects = new Map();
  let [number, unpacked, previous] = [0, 0, null];
  for (let hour = 0; hour < HOURS; hour++) {
    const from = START + hour * 3_600_000;
    const logFiles = [];
    for (let file = 0; file < FILES_AN_HOUR; file++) {
      const at = from + (file + 1) * 300_000;
      const Records = Array.from({ length: EVENTS_A_FILE }, (_, index) => record(number++, at - 300_000 + index * 500));
      const text = Buffer.from(JSON.stringify({ Records }));
      unpacked += text.length;
      const stamp = iso(at).replace(/[-:]/g, '').slice(0, 13);
      const key = `AWSLogs/${ACCOUNT}/CloudTrail/eu-central-1/2026/03/02/${ACCOUNT}_CloudTrail_eu-central-1_${stamp}Z_${hour}x${file}.json.gz`;
      objects.set(key, { bytes: gzipSync(text) });
      logFiles.push({ s3Bucket: BUCKET, s3Object: key, hashValue: hex(text), hashAlgorithm: 'SHA-256' });
    }
    previous = digest({ objects, privateKey, fingerprint, from, logFiles, previous });
  }
  return { objects, der, fingerprint, unpacked };
}

function digest({ objects, privateKey, fingerprint, from, logFiles, previous }) {
  const until = iso(from + 3_600_000);
  const key = `AWSLogs/${ACCOUNT}/CloudTrail-Digest/eu-central-1/2026/03/02/${ACCOUNT}_CloudTrail-Digest_eu-central-1_bench_eu-central-1_${until.replace(/[-:]/g, '')}.json.gz`;
  const text = Buffer.from(
    JSON.stringify({
      digestStartTime: iso(from),
      digestEndTime: until,
      digestS3Bucket: BUCKET,
      digestS3Object: key,
      digestPublicKeyFingerprint: fingerprint,
      digestSignatureAlgorithm: 'SHA256withRSA',
      previousDigestS3Bucket: previous === null ? null : BUCKET,
      previousDigestS3Object: previous?.key ?? null,
      previousDigestHashValue: previous?.hash ?? null,
      previousDigestHashAlgorithm: previous === null ? null : 'SHA-256',
      previousDigestSignature: previous?.signature ?? null,
      logFiles,
    }),
  );
  const said = `${until}\n${BUCKET}/${key}\n${hex(text)}\n${previous?.signature ?? 'null'}`;
  const signature = createSign('sha256').update(said).sign(privateKey, 'hex');
  objects.set(key, { bytes: gzipSync(text), signature });
  return { key, hash: hex(text), signature };
}

function record(number, at) {
  const arn = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/${KEY}`;
  return {
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/app/i-0abc`,
      accountId: ACCOUNT,
      sessionContext: { sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${ACCOUNT}:role/app` }, attributes: {} },
    },
    eventTime: iso(at),
    eventSource: 'kms.amazonaws.com',
    eventName: 'Decrypt',
    awsRegion: 'eu-central-1',
    sourceIPAddress: '198.51.100.7',
    userAgent: 'aws-sdk-js/3.1164.0',
    requestParameters: { encryptionContext: { tenant: `t-${number % 997}` }, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
    responseElements: null,
    requestID: `11111111-0000-4000-8000-${number.toString(16).padStart(12, '0')}`,
    eventID: `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`,
    readOnly: true,
    resources: [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: arn }],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
  };
}

async function takeIn({ objects, der, fingerprint }) {
  const now = `${iso(START + (HOURS + 2) * 3_600_000).slice(0, 19)}.000Z`;
  const [from, quiet] = ['2026-03-02T00:00:00.000Z', () => undefined];
  const files = {
    async *list() {
      for (const key of objects.keys()) yield { name: key, place: key };
    },
    read: async ({ name }) => ({
      bytes: objects.get(name).bytes,
      signatureHex: objects.get(name).signature ?? null,
      backfillAt: null,
    }),
    placeOf: (_, object) => object,
  };
  const valid = { validFrom: '2026-01-01T00:00:00.000Z', validUntil: '2027-01-01T00:00:00.000Z' };
  const keys = { keys: async () => [{ fingerprint, der, ...valid }] };
  const scopes = [`${ACCOUNT}/eu-central-1`];
  const source = sourceOfFiles({
    name: 'bench',
    files,
    keys,
    rule: 'required',
    scopes,
    from,
    until: now,
    now,
    tell: quiet,
  });
  let head = { size: 0, digest: null };
  const store = {
    head: async () => head,
    read: async () => [],
    append: async (entries) => {
      head = headAfter(head, entries);
      return head;
    },
  };
  const clock = { now: () => now, sleep: async () => undefined };
  const cache = { read: async () => null, write: async () => undefined };
  const watched = { account: ACCOUNT, repository: 'bench', keys: new Map([[KEY, 'bench']]), aliases: new Set() };
  const subject = {
    source,
    known: emptyKnown(),
    watched,
    unknownKeys: [],
    window: { since: null, until: null },
    until: now,
    by: 'bench',
  };
  const report = await ingest({ store, cache, clock, random: Math.random, tell: quiet }, subject);
  if (report.verdict !== 'verified') throw new Error(JSON.stringify(report.checks));
}

async function validateLogs({ objects, der, fingerprint }) {
  const home = mkdtempSync(join(tmpdir(), 'custody-bench-'));
  const server = createServer((request, response) => serve(request, response, { objects, der, fingerprint }));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'none',
    AWS_ENDPOINT_URL: url,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const words = [
    ...['cloudtrail', 'validate-logs', '--region', 'eu-central-1', '--s3-bucket', BUCKET, '--endpoint-url', url],
    ...['--trail-arn', `arn:aws:cloudtrail:eu-central-1:${ACCOUNT}:trail/bench`],
    ...['--start-time', '2026-03-02T00:00:00Z', '--end-time', '2026-03-02T20:00:00Z'],
  ];
  try {
    const command = ['bash', '-c', '"$0" "$@" && times >&2', process.env.CUSTODY_PEER_AWS, ...words];
    const { millis, stdout, stderr } = await run(command, { env });
    if (!stdout.includes(`${HOURS * FILES_AN_HOUR}/${HOURS * FILES_AN_HOUR} log files valid`)) throw new Error(stdout);
    return { millis, cpuSeconds: childSeconds(stderr) };
  } finally {
    server.close();
    rmSync(home, { recursive: true, force: true });
  }
}

/** The last line of the shell's `times`: user and system time of what it ran, as 0m1.234s. */
function childSeconds(text) {
  const parts = text
    .trim()
    .split('\n')
    .at(-1)
    .matchAll(/(\d+)m([\d.]+)s/g);
  return [...parts].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

function serve(request, response, { objects, der, fingerprint }) {
  request.resume();
  const url = new URL(request.url, 'http://127.0.0.1');
  if (request.method === 'POST') {
    const validity = { ValidityStartTime: START / 1000 - 86_400, ValidityEndTime: START / 1000 + 8_640_000 };
    const PublicKeyList = [{ Value: der.toString('base64'), Fingerprint: fingerprint, ...validity }];
    return response
      .writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify({ PublicKeyList }));
  }
  const key = decodeURIComponent(url.pathname.slice(BUCKET.length + 2));
  if (url.searchParams.has('location')) return response.end('<LocationConstraint>eu-central-1</LocationConstraint>');
  if (key === '') {
    const prefix = url.searchParams.get('prefix') ?? '';
    const items = [...objects.keys()].filter((name) => name.startsWith(prefix)).sort();
    const body = items.map((name) => `<Contents><Key>${name}</Key></Contents>`).join('');
    return response.end(`<ListBucketResult><IsTruncated>false</IsTruncated>${body}</ListBucketResult>`);
  }
  const { bytes, signature } = objects.get(key);
  if (signature)
    response.setHeader('x-amz-meta-signature', signature).setHeader('x-amz-meta-signature-algorithm', 'SHA256withRSA');
  return response.end(bytes);
}
