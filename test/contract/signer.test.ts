import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openAws } from '../../src/lib/aws/connection.js';
import { openKmsSigner } from '../../src/lib/aws/kms-signer.js';
import { createKmsSigningKey } from '../../src/lib/aws/kms-signer-create.js';
import { digestOf } from '../../src/lib/base/bytes.js';
import { parsePublicKey, type Signer, verifySignature } from '../../src/lib/base/signature.js';
import { createLocalKey, openLocalKey } from '../../src/lib/signing/local-key.js';
import { openWorld, REGION, scratch } from '../lib/aws/support.js';

/** Signer: what every home of a key promises, so that records do not know where a key lives. */

const folder = scratch();
const passphrase = () => Buffer.from('correct horse battery staple');
const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'kms:*', Resource: '*' },
  ],
});

async function local(algorithm: 'ecdsa-p256-sha256' | 'ed25519'): Promise<Signer> {
  const { file } = await createLocalKey(passphrase(), algorithm, randomBytes);
  return openLocalKey(file, async () => passphrase());
}

async function kms(): Promise<Signer> {
  const aws = await openWorld(folder).as('admin');
  const { arn } = await createKmsSigningKey(aws, { region: REGION, policy: POLICY, description: '', tags: {} });
  return openKmsSigner(aws, arn);
}

/** An existing ECC_NIST_P256 key that the caller may sign with. */
async function live(): Promise<Signer> {
  const arn = process.env.CUSTODY_LIVE_SIGNER ?? '';
  const account = arn.split(':')[4] ?? '';
  const aws = await openAws({ environmentKind: 'aws', account, environment: process.env, timeoutMillis: 30_000 });
  return openKmsSigner(aws, arn);
}

const HOMES: readonly (readonly [string, () => Promise<Signer>])[] = [
  ['local key, P-256', () => local('ecdsa-p256-sha256')],
  ['local key, Ed25519', () => local('ed25519')],
  ['KMS key on the sandbox', kms],
  ...(process.env.CUSTODY_LIVE === '1' ? [['KMS key on AWS', live] as const] : []),
];

describe.each(HOMES)('a signer: %s', (_name, openOnce) => {
  let opened: Promise<Signer> | null = null;
  // One a home: each local key costs two rounds of scrypt.
  const open = () => {
    opened ??= openOnce();
    return opened;
  };

  it('its public key is in canonical form and names itself', async () => {
    const { publicKey } = await open();
    expect(parsePublicKey(publicKey.spki).keyId).toBe(publicKey.keyId);
    expect(publicKey.keyId).toBe(digestOf(publicKey.spki));
  });

  it('signs any bytes, of any length, several at once', async () => {
    const signer = await open();
    const data = [Buffer.alloc(0), Buffer.from([0]), Buffer.alloc(4097, 'x'), Buffer.alloc(300_000, 'y')];
    const signatures = await Promise.all(data.map((bytes) => signer.sign(bytes)));
    expect(
      data.map((bytes, at) => verifySignature(signer.publicKey, bytes, signatures[at] ?? Buffer.alloc(0))),
    ).toEqual(data.map(() => true));
  });

  it('the signature is for these bytes only', async () => {
    const signer = await open();
    const data = Buffer.from('the quick brown fox');
    const signature = await signer.sign(data);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: data.length * 8 - 1 }), (bit) => {
        const other = Buffer.from(data);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return !verifySignature(signer.publicKey, other, signature);
      }),
      { numRuns: 50 },
    );
  });

  it('does not change what it is given', async () => {
    const signer = await open();
    const data = Buffer.from('unchanged');
    await signer.sign(data);
    expect(data.toString()).toBe('unchanged');
  });
});
