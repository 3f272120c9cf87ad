import { createHash, createHmac, createPrivateKey, createPublicKey, timingSafeEqual } from 'node:crypto';
import type { JsonObject } from '../../base/canonical-json.js';
import { type Call, ServiceError } from '../service.js';
import { signDigest, verifyDigest } from './ecdsa.js';
import { unsupported, validation } from './errors.js';
import type { Target } from './identifiers.js';
import { blob, optionalText, text } from './input.js';
import { currentSecret } from './material.js';
import { algorithmsOf } from './metadata.js';
import { BY_ALIAS, type Operations, openKey } from './operation.js';
import { type HashName, signPkcs1, signPss, verifyPkcs1, verifyPss } from './rsa.js';
import { specOf } from './specs.js';
import type { World } from './state.js';
import { assertAlgorithm, assertNotDry, assertUsage, recordUse } from './usage.js';

const SIGN = 'SIGN_VERIFY';
const MAC = 'GENERATE_VERIFY_MAC';
const DIGEST_BYTES: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };

export const signingOperations: Operations = (world) => ({
  GetPublicKey(input, call) {
    const target = openKey(world, call, input, 'GetPublicKey', BY_ALIAS);
    const { set, arn } = target;
    if (!['rsa', 'ecc'].includes(specOf(set.keySpec).family)) {
      throw unsupported(`${arn} key spec is ${set.keySpec} which is not valid for this operation.`);
    }
    const spki = createPublicKey(privateKey(currentSecret(world, target).secret)).export({
      format: 'der',
      type: 'spki',
    });
    return {
      KeyId: arn,
      PublicKey: spki.toString('base64'),
      CustomerMasterKeySpec: set.keySpec,
      KeySpec: set.keySpec,
      KeyUsage: set.keyUsage,
      ...algorithmsOf(set),
    };
  },

  Sign(input, call) {
    const { target, algorithm, digest } = openSigning(world, call, input, 'Sign');
    assertNotDry(input);
    const signature = sign(currentSecret(world, target).secret, algorithm, digest, world.random);
    recordUse(world, call, target, 'Sign');
    return { KeyId: target.arn, Signature: signature.toString('base64'), SigningAlgorithm: algorithm };
  },

  Verify(input, call) {
    const { target, algorithm, digest } = openSigning(world, call, input, 'Verify');
    assertNotDry(input);
    if (!verify(currentSecret(world, target).secret, algorithm, digest, blob(input, 'Signature'))) {
      throw new ServiceError('KMSInvalidSignatureException', '');
    }
    recordUse(world, call, target, 'Verify');
    return { KeyId: target.arn, SignatureValid: true, SigningAlgorithm: algorithm };
  },

  GenerateMac(input, call) {
    const { target, algorithm, mac } = openMac(world, call, input, 'GenerateMac');
    recordUse(world, call, target, 'GenerateMac');
    return { KeyId: target.arn, Mac: mac.toString('base64'), MacAlgorithm: algorithm };
  },

  VerifyMac(input, call) {
    const { target, algorithm, mac } = openMac(world, call, input, 'VerifyMac');
    const given = blob(input, 'Mac');
    if (given.length !== mac.length || !timingSafeEqual(given, mac))
      throw new ServiceError('KMSInvalidMacException', '');
    recordUse(world, call, target, 'VerifyMac');
    return { KeyId: target.arn, MacValid: true, MacAlgorithm: algorithm };
  },
});

function openSigning(world: World, call: Call, input: JsonObject, operation: string) {
  const algorithm = text(input, 'SigningAlgorithm');
  const messageType = optionalText(input, 'MessageType') ?? 'RAW';
  const context = { 'kms:SigningAlgorithm': algorithm, 'kms:MessageType': messageType };
  const target = openKey(world, call, input, operation, { ...BY_ALIAS, context });
  assertUsage(target, SIGN);
  assertAlgorithm(target, algorithm);
  return { target, algorithm, digest: digestOf(blob(input, 'Message'), messageType, hashOf(algorithm)) };
}

function openMac(
  world: World,
  call: Call,
  input: JsonObject,
  operation: string,
): { target: Target; algorithm: string; mac: Buffer } {
  const algorithm = text(input, 'MacAlgorithm');
  const target = openKey(world, call, input, operation, { ...BY_ALIAS, context: { 'kms:MacAlgorithm': algorithm } });
  assertUsage(target, MAC);
  assertAlgorithm(target, algorithm);
  assertNotDry(input);
  const hash = algorithm.replace(/^HMAC_SHA_/, 'sha');
  return {
    target,
    algorithm,
    mac: createHmac(hash, currentSecret(world, target).secret).update(blob(input, 'Message')).digest(),
  };
}

function digestOf(message: Buffer, messageType: string, hash: HashName): Buffer {
  if (messageType === 'RAW') return createHash(hash).update(message).digest();
  if (messageType !== 'DIGEST')
    throw validation(`MessageType ${messageType} is not compatible with the signing algorithm.`);
  if (message.length !== DIGEST_BYTES[hash]) throw validation('Digest is invalid length for algorithm.');
  return message;
}

function hashOf(algorithm: string): HashName {
  const bits = /_SHA_(256|384|512)$/.exec(algorithm)?.[1];
  return bits === '384' ? 'sha384' : bits === '512' ? 'sha512' : 'sha256';
}

function sign(pkcs8: Buffer, algorithm: string, digest: Buffer, random: World['random']): Buffer {
  if (algorithm.startsWith('ECDSA_')) return signDigest(pkcs8, digest, random);
  if (algorithm.startsWith('RSASSA_PSS_')) return signPss(pkcs8, hashOf(algorithm), digest, random);
  return signPkcs1(pkcs8, hashOf(algorithm), digest);
}

function verify(pkcs8: Buffer, algorithm: string, digest: Buffer, signature: Buffer): boolean {
  if (algorithm.startsWith('ECDSA_')) return verifyDigest(pkcs8, digest, signature);
  if (algorithm.startsWith('RSASSA_PSS_')) return verifyPss(pkcs8, hashOf(algorithm), digest, signature);
  return verifyPkcs1(pkcs8, hashOf(algorithm), digest, signature);
}

function privateKey(pkcs8: Buffer) {
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
}
