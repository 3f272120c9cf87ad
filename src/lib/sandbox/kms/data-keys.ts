import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { JsonObject } from '../../base/canonical-json.js';
import type { Call } from '../service.js';
import { authorizeAccount } from './access.js';
import type { Context } from './ask.js';
import { sealBlob } from './ciphertext.js';
import { validation } from './errors.js';
import { optionalNumber, optionalText, text, textMap } from './input.js';
import { currentSecret } from './material.js';
import { BY_ALIAS, type Operations, openKey } from './operation.js';
import { specOf } from './specs.js';
import type { World } from './state.js';
import { assertAlgorithm, assertNotDry, assertUsage, recordUse } from './usage.js';

const SYMMETRIC = 'SYMMETRIC_DEFAULT';

export const dataKeyOperations: Operations = (world) => ({
  GenerateDataKey(input, call) {
    const { plaintext, answer } = generateDataKey(world, call, input, 'GenerateDataKey');
    return { ...answer, Plaintext: plaintext.toString('base64') };
  },

  GenerateDataKeyWithoutPlaintext: (input, call) =>
    generateDataKey(world, call, input, 'GenerateDataKeyWithoutPlaintext').answer,

  GenerateDataKeyPair(input, call) {
    const { pkcs8, answer } = generateDataKeyPair(world, call, input, 'GenerateDataKeyPair');
    return { ...answer, PrivateKeyPlaintext: pkcs8.toString('base64') };
  },

  GenerateDataKeyPairWithoutPlaintext: (input, call) =>
    generateDataKeyPair(world, call, input, 'GenerateDataKeyPairWithoutPlaintext').answer,

  GenerateRandom(input, call) {
    authorizeAccount(call, 'GenerateRandom');
    const bytes = optionalNumber(input, 'NumberOfBytes');
    if (bytes === null) throw validation('NumberOfBytes must be specified');
    return { Plaintext: world.random(bytes).toString('base64') };
  },
});

function generateDataKey(world: World, call: Call, input: JsonObject, operation: string) {
  const bytes = dataKeyBytes(input);
  const seal = openSealer(world, call, input, operation);
  const plaintext = world.random(bytes);
  const { sealed, keyId, materialId } = seal(plaintext);
  return { plaintext, answer: { CiphertextBlob: sealed, KeyId: keyId, KeyMaterialId: materialId } };
}

function generateDataKeyPair(world: World, call: Call, input: JsonObject, operation: string) {
  const pairSpec = text(input, 'KeyPairSpec');
  const seal = openSealer(world, call, input, operation, { 'kms:DataKeyPairSpec': pairSpec });
  const pkcs8 = specOf(pairSpec).generate(world);
  const { sealed, keyId, materialId } = seal(pkcs8);
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const answer = {
    PrivateKeyCiphertextBlob: sealed,
    PublicKey: spki.toString('base64'),
    KeyId: keyId,
    KeyPairSpec: pairSpec,
    KeyMaterialId: materialId,
  };
  return { pkcs8, answer };
}

/** Opens the wrapping key of a request; what comes back wraps data keys under it. */
function openSealer(world: World, call: Call, input: JsonObject, operation: string, more: Context = {}) {
  const encryptionContext = textMap(input.EncryptionContext);
  const context = { 'kms:EncryptionAlgorithm': SYMMETRIC, ...more };
  const target = openKey(world, call, input, operation, { ...BY_ALIAS, context, encryptionContext });
  assertUsage(target, 'ENCRYPT_DECRYPT');
  assertAlgorithm(target, SYMMETRIC);
  assertNotDry(input);
  return (plaintext: Buffer) => {
    const material = currentSecret(world, target);
    const sealed = sealBlob(target.set.keyId, material, encryptionContext, plaintext, world.random).toString('base64');
    call.note?.({ keyMaterialId: material.id });
    recordUse(world, call, target, operation);
    return { sealed, keyId: target.arn, materialId: material.id };
  };
}

function dataKeyBytes(input: JsonObject): number {
  const spec = optionalText(input, 'KeySpec');
  const bytes = optionalNumber(input, 'NumberOfBytes');
  if ((spec === null) === (bytes === null)) throw validation('Please specify either number of bytes or key spec.');
  return bytes ?? (spec === 'AES_128' ? 16 : 32);
}
