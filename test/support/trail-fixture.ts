import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { addSeconds, type Instant, parseInstant } from '../../src/lib/base/time.js';
import type { TrailKey, TrailKeys } from '../../src/lib/trail/digest-signature.js';
import type { TrailFiles } from '../../src/lib/trail/files.js';

/** A trail as CloudTrail delivers it: log files and signed digests, with a key pair of its own. */

export const TRAIL_ACCOUNT = '111122223333';
export const TRAIL_BUCKET = 'trail-bucket';
export const TRAIL_NAME = 'management';
export const TRAIL_KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const ROLE = 'arn:aws:iam::111122223333:role/app';

export interface StoredObject {
  bytes: Buffer;
  readonly metadata: Record<string, string>;
}

export interface TrailSigner {
  readonly privateKey: KeyObject;
  readonly fingerprint: string;
  readonly der: Buffer;
}

export function trailSigner(): TrailSigner {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const der = publicKey.export({ type: 'pkcs1', format: 'der' });
  return { privateKey, der, fingerprint: createHash('md5').update(der).digest('hex') };
}

/** A record as "CloudTrail log file examples" has it for a role's session. */
export function trailRecord(id: string, at: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      arn: 'arn:aws:sts::111122223333:assumed-role/app/i-0abc',
      accountId: TRAIL_ACCOUNT,
      sessionContext: { sessionIssuer: { type: 'Role', arn: ROLE }, sourceIdentity: 'architect' },
    },
    eventTime: at.replace('.000Z', 'Z'),
    eventSource: 'kms.amazonaws.com',
    eventName: 'Decrypt',
    awsRegion: 'eu-central-1',
    sourceIPAddress: '198.51.100.7',
    userAgent: 'aws-sdk-js/3',
    requestParameters: { encryptionContext: { tenant: 'alice@example.com' } },
    responseElements: null,
    requestID: `r-${id}`,
    eventID: id,
    readOnly: true,
    resources: [{ accountId: TRAIL_ACCOUNT, type: 'AWS::KMS::Key', ARN: TRAIL_KEY }],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: TRAIL_ACCOUNT,
    eventCategory: 'Management',
    ...change,
  };
}

export function guid(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

export interface TrailOptions {
  readonly signer: TrailSigner;
  readonly start?: Instant;
  readonly hours?: number;
  readonly logsPerHour?: number;
  readonly eventsPerLog?: number;
  readonly prefix?: string;
  readonly region?: string;
}

const stamp = (at: string) => at.replace(/[-:]|\.\d+/g, '');
const day = (at: string) => at.slice(0, 10).replaceAll('-', '/');
const hex = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
export const TRAIL_START = parseInstant('2026-03-02T08:00:00.000Z');

/** The objects of a bucket by their keys, the digests chained and signed. */
export function trailBucket(options: TrailOptions): Map<string, StoredObject> {
  const { signer, start = TRAIL_START, hours = 3, logsPerHour = 2, eventsPerLog = 2 } = options;
  const { prefix = '', region = 'eu-central-1' } = options;
  const objects = new Map<string, StoredObject>();
  const base = `${prefix}AWSLogs/${TRAIL_ACCOUNT}`;
  let number = 0;
  let previous: { key: string; hash: string; signature: string } | null = null;
  for (let hour = 0; hour < hours; hour++) {
    const from = addSeconds(start, hour * 3600);
    const until = addSeconds(from, 3600);
    const logFiles = [];
    for (let log = 0; log < logsPerHour; log++) {
      const at = addSeconds(from, Math.floor(((log + 1) * 3000) / logsPerHour));
      const records = Array.from({ length: eventsPerLog }, (_, index) => {
        number++;
        return trailRecord(guid(number), addSeconds(at, -300 + index), { awsRegion: region });
      });
      const unpacked = Buffer.from(JSON.stringify({ Records: records }));
      const name = `${TRAIL_ACCOUNT}_CloudTrail_${region}_${stamp(at).slice(0, 13)}Z_${hour}x${log}.json.gz`;
      const key = `${base}/CloudTrail/${region}/${day(at)}/${name}`;
      objects.set(key, { bytes: gzipSync(unpacked), metadata: {} });
      logFiles.push({
        s3Bucket: TRAIL_BUCKET,
        s3Object: key,
        hashValue: hex(unpacked),
        hashAlgorithm: 'SHA-256',
        newestEventTime: at.replace('.000Z', 'Z'),
        oldestEventTime: from.replace('.000Z', 'Z'),
      });
    }
    const name = `${TRAIL_ACCOUNT}_CloudTrail-Digest_${region}_${TRAIL_NAME}_eu-central-1_${stamp(until)}.json.gz`;
    const key = `${base}/CloudTrail-Digest/${region}/${day(until)}/${name}`;
    const digest = {
      awsAccountId: TRAIL_ACCOUNT,
      digestStartTime: from.replace('.000Z', 'Z'),
      digestEndTime: until.replace('.000Z', 'Z'),
      digestS3Bucket: TRAIL_BUCKET,
      digestS3Object: key,
      digestPublicKeyFingerprint: signer.fingerprint,
      digestSignatureAlgorithm: 'SHA256withRSA',
      newestEventTime: until.replace('.000Z', 'Z'),
      oldestEventTime: from.replace('.000Z', 'Z'),
      previousDigestS3Bucket: previous === null ? null : TRAIL_BUCKET,
      previousDigestS3Object: previous?.key ?? null,
      previousDigestHashValue: previous?.hash ?? null,
      previousDigestHashAlgorithm: previous === null ? null : 'SHA-256',
      previousDigestSignature: previous?.signature ?? null,
      logFiles,
    };
    const stored = signedDigest(digest, signer);
    objects.set(key, stored);
    previous = { key, hash: hex(gunzipSync(stored.bytes)), signature: stored.metadata.signature ?? '' };
  }
  return objects;
}

/** A digest file with the signature that stands in its metadata. */
export function signedDigest(digest: Record<string, unknown>, { privateKey }: TrailSigner): StoredObject {
  const unpacked = Buffer.from(JSON.stringify(digest));
  const said = `${digest.digestEndTime}\n${digest.digestS3Bucket}/${digest.digestS3Object}\n${hex(unpacked)}\n${digest.previousDigestSignature ?? 'null'}`;
  const signature = sign('sha256', Buffer.from(said), privateKey).toString('hex');
  return { bytes: gzipSync(unpacked), metadata: { signature, 'signature-algorithm': 'SHA256withRSA' } };
}

/** The bucket as a port; the map is read anew at each step, so that a test can change it. */
export function trailFiles(objects: ReadonlyMap<string, StoredObject>, bucket = TRAIL_BUCKET): TrailFiles {
  return {
    async *list() {
      for (const key of [...objects.keys()].sort())
        yield { name: `s3://${bucket}/${key}`, place: `s3://${bucket}/${key}` };
    },
    read: async ({ name }) => {
      const found = objects.get(name.slice(`s3://${bucket}/`.length));
      return found ? { bytes: found.bytes, signatureHex: found.metadata.signature ?? null, backfillAt: null } : null;
    },
    placeOf: (named, object) => `s3://${named}/${object}`,
  };
}

export function trailKeys(...signers: readonly TrailSigner[]): TrailKeys {
  const keys = signers.map(
    ({ der, fingerprint }): TrailKey => ({
      der,
      fingerprint,
      validFrom: parseInstant('2026-02-01T00:00:00.000Z'),
      validUntil: parseInstant('2026-04-01T00:00:00.000Z'),
    }),
  );
  return { keys: async () => keys };
}

export const isDigest = (key: string) => key.includes('CloudTrail-Digest');
export const digestsOf = (objects: ReadonlyMap<string, unknown>) => [...objects.keys()].filter(isDigest).sort();
export const logsOf = (objects: ReadonlyMap<string, unknown>) =>
  [...objects.keys()].filter((key) => !isDigest(key)).sort();
