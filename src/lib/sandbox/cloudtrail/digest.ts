import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { sha256Hex } from '../../base/bytes.js';
import type { JsonObject } from '../../base/canonical-json.js';
import type { Table } from '../kms/table.js';
import { wholeSeconds } from './identity.js';
import { fileKey } from './log-file.js';
import type { DeliveredLog, DigestChain, TrailRow } from './trail-row.js';

/** A pair that signs digests. Table `cloudtrail.keys`, id is its fingerprint. */
export type SigningKey = {
  readonly region: string;
  readonly fingerprint: string;
  /** PKCS #1 RSAPublicKey, DER in base64. */
  readonly publicKey: string;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  readonly fromMillis: number;
  readonly untilMillis: number;
};

/** AWS does not say how long a pair serves. */
const KEY_MILLIS = 7 * 86_400_000;
/** Reading a key takes as long as signing with it. */
const READ = new WeakMap<SigningKey, KeyObject>();

/** The pair of a Region at that time; made when there is none. */
export function signingKey(keys: Table<SigningKey>, region: string, atMillis: number): SigningKey {
  const found = keys
    .values()
    .find((key) => key.region === region && key.fromMillis <= atMillis && atMillis < key.untilMillis);
  if (found !== undefined) return found;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const der = publicKey.export({ type: 'pkcs1', format: 'der' });
  const fingerprint = createHash('md5').update(der).digest('hex');
  return keys.put(fingerprint, {
    region,
    fingerprint,
    publicKey: der.toString('base64'),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    fromMillis: atMillis,
    untilMillis: atMillis + KEY_MILLIS,
  });
}

function privateKeyOf(signer: SigningKey): KeyObject {
  const key = READ.get(signer) ?? createPrivateKey(signer.privateKey);
  READ.set(signer, key);
  return key;
}

/** A digest file, ready to be put, and the chain after it. */
export interface MadeDigest {
  readonly key: string;
  readonly bytes: Buffer;
  readonly metadata: JsonObject;
  readonly chain: DigestChain;
}

/**
 * The digest of the chain's next hour ("CloudTrail digest file structure"): signed are its end, its place, its hash and the
 * signature before it.
 */
export function makeDigest(
  trail: TrailRow,
  region: string,
  chain: DigestChain,
  { untilMillis, logs }: { readonly untilMillis: number; readonly logs: readonly DeliveredLog[] },
  signer: SigningKey,
): MadeDigest {
  const until = wholeSeconds(untilMillis);
  const key = fileKey(trail, region, 'CloudTrail-Digest', until, `${trail.name}_${trail.homeRegion}_`, '');
  const unpacked = JSON.stringify(contentOf(trail, chain, { key, untilMillis, logs }, signer));
  const hash = sha256Hex(unpacked);
  const said = `${until}\n${trail.bucket}/${key}\n${hash}\n${chain.previous?.signature ?? 'null'}`;
  const signature = sign('sha256', Buffer.from(said, 'utf8'), privateKeyOf(signer)).toString('hex');
  const left = chain.logs.filter((log) => !logs.includes(log));
  return {
    key,
    bytes: gzipSync(unpacked),
    metadata: { signature, 'signature-algorithm': 'SHA256withRSA' },
    chain: { fromMillis: untilMillis, previous: { key, hash, signature }, logs: left },
  };
}

function contentOf(
  { arn, bucket }: TrailRow,
  { fromMillis, previous }: DigestChain,
  { key, untilMillis, logs }: { key: string; untilMillis: number; logs: readonly DeliveredLog[] },
  { fingerprint }: SigningKey,
): JsonObject {
  const [oldest, newest] = [
    Math.min(...logs.map(({ oldestMillis }) => oldestMillis)),
    Math.max(...logs.map(({ newestMillis }) => newestMillis)),
  ];
  return {
    awsAccountId: arn.split(':')[4] ?? '',
    digestStartTime: wholeSeconds(fromMillis),
    digestEndTime: wholeSeconds(untilMillis),
    digestS3Bucket: bucket,
    digestS3Object: key,
    digestPublicKeyFingerprint: fingerprint,
    digestSignatureAlgorithm: 'SHA256withRSA',
    newestEventTime: logs.length === 0 ? null : wholeSeconds(newest),
    oldestEventTime: logs.length === 0 ? null : wholeSeconds(oldest),
    previousDigestS3Bucket: previous === null ? null : bucket,
    previousDigestS3Object: previous?.key ?? null,
    previousDigestHashValue: previous?.hash ?? null,
    previousDigestHashAlgorithm: previous === null ? null : 'SHA-256',
    previousDigestSignature: previous?.signature ?? null,
    logFiles: logs.map((log) => ({
      s3Bucket: bucket,
      s3Object: log.key,
      hashValue: log.hash,
      hashAlgorithm: 'SHA-256',
      newestEventTime: wholeSeconds(log.newestMillis),
      oldestEventTime: wholeSeconds(log.oldestMillis),
    })),
  };
}
