import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openKmsSigner } from '../../../src/lib/aws/kms-signer.js';
import { createKmsSigningKey } from '../../../src/lib/aws/kms-signer-create.js';
import { caught, kmsError, openCanned, openWorld, REGION, scratch } from './support.js';

const folder = scratch();
const ARN = `arn:aws:kms:${REGION}:000000000000:key/11111111-2222-3333-4444-555555555555`;
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const publicKey = (more: object = {}) => ({
  body: JSON.stringify({
    KeyId: ARN,
    KeySpec: 'ECC_NIST_P256',
    KeyUsage: 'SIGN_VERIFY',
    PublicKey: spki,
    SigningAlgorithms: ['ECDSA_SHA_256'],
    ...more,
  }),
});
const policy = (sandboxAccount: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'root',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${sandboxAccount}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });

describe('openKmsSigner', () => {
  it.each([
    ['another key', { KeyId: ARN.replace('1111', '9999') }],
    ['a key for encryption', { KeyUsage: 'ENCRYPT_DECRYPT' }],
    ['a key that signs otherwise', { SigningAlgorithms: ['ECDSA_SHA_384'] }],
    ['no key', { PublicKey: null }],
  ])('refuses %s', async (_name, more) => {
    const { aws } = await openCanned([publicKey(more)]);
    expect(await caught(openKmsSigner(aws, ARN))).toMatchObject({ code: 'REFUSED' });
  });

  it('refuses what is no ARN of a key', async () => {
    const { aws, sent } = await openCanned([publicKey()]);
    expect(await caught(openKmsSigner(aws, 'alias/x'))).toMatchObject({ code: 'USAGE' });
    expect(sent).toEqual([]);
  });

  it('sends the digest, not the data, and answers the signature', async () => {
    const data = Buffer.alloc(10_000, 'x');
    const Signature = sign('sha256', data, pair.privateKey).toString('base64');
    const { aws, sent } = await openCanned([publicKey(), { body: JSON.stringify({ KeyId: ARN, Signature }) }]);
    const signer = await openKmsSigner(aws, ARN);
    expect(Buffer.from(await signer.sign(data)).toString('base64')).toBe(Signature);
    const body = JSON.parse(sent[1]?.body ?? '');
    expect(body).toMatchObject({ KeyId: ARN, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' });
    expect(Buffer.from(body.Message, 'base64')).toHaveLength(32);
  });

  it('T21 never hands on a signature that does not verify', async () => {
    const Signature = sign('sha256', Buffer.from('other'), pair.privateKey).toString('base64');
    const { aws } = await openCanned([publicKey(), { body: JSON.stringify({ KeyId: ARN, Signature }) }]);
    const signer = await openKmsSigner(aws, ARN);
    expect(await caught(signer.sign(Buffer.from('data')))).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });
});

describe('createKmsSigningKey', () => {
  const options = { region: REGION, policy: '{}', description: 'd', tags: { 'custody:custodian': 'architect' } };

  it('makes a key that signs', async () => {
    const aws = await openWorld(folder).as('admin');
    const made = await createKmsSigningKey(aws, { ...options, policy: policy('000000000000') });
    const signer = await openKmsSigner(aws, made.arn);
    expect(signer.publicKey.keyId).toBe(made.publicKey.keyId);
    expect(await signer.sign(Buffer.from('data'))).toBeInstanceOf(Uint8Array);
  });

  it('is sent once: a lost answer may have left a key', async () => {
    const { sandbox, as } = openWorld(folder);
    sandbox.faults.add({ kind: 'after', operation: 'CreateKey', times: null });
    const aws = await as('admin');
    const error = await caught(createKmsSigningKey(aws, { ...options, policy: policy('000000000000') }));
    expect(error).toMatchObject({ exit: 5, details: { maybeDone: true } });
    expect(sandbox.faults.list()[0]?.seen).toBe(1);
  });

  it('waits for the new key to be found everywhere, but not for ever', async () => {
    const created = { body: JSON.stringify({ KeyMetadata: { KeyId: 'x', Arn: ARN } }) };
    const late = await openCanned([created, kmsError('NotFoundException'), kmsError('NotFoundException'), publicKey()]);
    expect((await createKmsSigningKey(late.aws, options)).arn).toBe(ARN);
    expect(late.timer.slept).toEqual([500, 500]);
    const never = await openCanned([created, kmsError('NotFoundException')]);
    expect(await caught(createKmsSigningKey(never.aws, options))).toMatchObject({ code: 'NOT_FOUND' });
  });
});
