import { constants, createPrivateKey, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { JsonObject } from '../../base/canonical-json.js';
import { type Call, ServiceError } from '../service.js';
import { authorizeKey } from './access.js';
import { type EncryptionContext, openBlob, readBlob, sealBlob } from './ciphertext.js';
import { invalidCiphertext, validation } from './errors.js';
import { resolveKey, type Target, targetOf } from './identifiers.js';
import { blob, flag, optionalText, text, textMap, texts } from './input.js';
import { currentSecret, secretOf } from './material.js';
import { BY_ALIAS, type Operations, openKey } from './operation.js';
import { rowId, type World } from './state.js';
import { assertState } from './states.js';
import { assertAlgorithm, assertNotDry, assertUsage, recordUse } from './usage.js';

const SYMMETRIC = 'SYMMETRIC_DEFAULT';
const USAGE = 'ENCRYPT_DECRYPT';

/** Everything about one ciphertext: which key, algorithm and context, whichever member names carry them. */
interface Source {
  readonly target: Target;
  readonly algorithm: string;
  readonly context: EncryptionContext;
}

export const encryptionOperations: Operations = (world) => ({
  Encrypt(input, call) {
    const algorithm = optionalText(input, 'EncryptionAlgorithm') ?? SYMMETRIC;
    const encryptionContext = textMap(input.EncryptionContext);
    const context = { 'kms:EncryptionAlgorithm': algorithm };
    const target = openKey(world, call, input, 'Encrypt', { ...BY_ALIAS, context, encryptionContext });
    const source = { target, algorithm, context: encryptionContext };
    assertFits(source);
    assertNotDry(input);
    const { bytes, materialId } = encrypt(world, source, blob(input, 'Plaintext'));
    if (materialId !== null) call.note?.({ keyMaterialId: materialId });
    recordUse(world, call, target, 'Encrypt');
    return { CiphertextBlob: bytes.toString('base64'), KeyId: target.arn, EncryptionAlgorithm: algorithm };
  },

  Decrypt(input, call) {
    const source = sourceOf(world, call, input, {
      key: 'KeyId',
      algorithm: 'EncryptionAlgorithm',
      context: 'EncryptionContext',
    });
    authorizeSource(world, call, input, source, 'Decrypt', {});
    assertState(world, source.target.row, source.target.arn, 'Decrypt', call.nowMillis);
    assertFits(source);
    const opened = ignoresCiphertext(input) ? null : decrypt(world, source, blob(input, 'CiphertextBlob'));
    assertNotDry(input);
    if (opened === null) throw validation('CiphertextBlob must be specified');
    if (opened.materialId !== null) call.note?.({ keyMaterialId: opened.materialId });
    recordUse(world, call, source.target, 'Decrypt');
    return {
      KeyId: source.target.arn,
      Plaintext: opened.plaintext.toString('base64'),
      EncryptionAlgorithm: source.algorithm,
      ...(opened.materialId !== null && { KeyMaterialId: opened.materialId }),
    };
  },

  ReEncrypt: (input, call) => reEncrypt(world, call, input),
});

function reEncrypt(world: World, call: Call, input: JsonObject): JsonObject {
  const from = sourceOf(world, call, input, {
    key: 'SourceKeyId',
    algorithm: 'SourceEncryptionAlgorithm',
    context: 'SourceEncryptionContext',
  });
  const to: Source = {
    target: resolveKey(world, call, text(input, 'DestinationKeyId'), true),
    algorithm: optionalText(input, 'DestinationEncryptionAlgorithm') ?? SYMMETRIC,
    context: textMap(input.DestinationEncryptionContext),
  };
  const same = { 'kms:ReEncryptOnSameKey': String(from.target.arn === to.target.arn) };
  authorizeSource(world, call, input, from, 'ReEncryptFrom', same);
  authorizeSource(world, call, input, to, 'ReEncryptTo', same);
  for (const { target } of [from, to]) assertState(world, target.row, target.arn, 'ReEncrypt', call.nowMillis);
  [from, to].forEach(assertFits);
  const opened = ignoresCiphertext(input) ? null : decrypt(world, from, blob(input, 'CiphertextBlob'));
  assertNotDry(input);
  if (opened === null) throw validation('CiphertextBlob must be specified');
  const sealed = encrypt(world, to, opened.plaintext);
  call.note?.({
    ...(opened.materialId !== null && { sourceKeyMaterialId: opened.materialId }),
    ...(sealed.materialId !== null && { destinationKeyMaterialId: sealed.materialId }),
  });
  for (const { target } of [from, to]) recordUse(world, call, target, 'ReEncrypt');
  return {
    CiphertextBlob: sealed.bytes.toString('base64'),
    SourceKeyId: from.target.arn,
    KeyId: to.target.arn,
    SourceEncryptionAlgorithm: from.algorithm,
    DestinationEncryptionAlgorithm: to.algorithm,
    ...(opened.materialId !== null && { SourceKeyMaterialId: opened.materialId }),
    ...(sealed.materialId !== null && { DestinationKeyMaterialId: sealed.materialId }),
  };
}

interface Names {
  readonly key: string;
  readonly algorithm: string;
  readonly context: string;
}

/** The key of a ciphertext: the one that the request names, else the one that the blob names. */
function sourceOf(world: World, call: Call, input: JsonObject, names: Names): Source {
  const algorithm = optionalText(input, names.algorithm) ?? SYMMETRIC;
  const context = textMap(input[names.context]);
  const named = optionalText(input, names.key);
  if (named !== null) return { target: resolveKey(world, call, named, true), algorithm, context };
  if (ignoresCiphertext(input))
    throw validation(`${names.key} must be specified when DryRunModifiers is IGNORE_CIPHERTEXT`);
  if (algorithm !== SYMMETRIC) throw validation(`${names.key} must be specified for asymmetric KMS keys`);
  const read = readBlob(blob(input, 'CiphertextBlob'));
  if (read === null) throw invalidCiphertext();
  const row = world.keys.get(rowId(call.region, read.keyId));
  if (row === undefined) throw unknownKeyOfCiphertext();
  return { target: targetOf(world, row), algorithm, context };
}

function ignoresCiphertext(input: JsonObject): boolean {
  if (!texts(input, 'DryRunModifiers').includes('IGNORE_CIPHERTEXT')) return false;
  if (!flag(input, 'DryRun')) throw validation('DryRunModifiers can only be specified when DryRun is true');
  return true;
}

function authorizeSource(
  world: World,
  call: Call,
  input: JsonObject,
  source: Source,
  action: string,
  context: Record<string, string>,
): void {
  authorizeKey(world, call, source.target, action, {
    context: { 'kms:EncryptionAlgorithm': source.algorithm, ...context },
    encryptionContext: source.context,
    grantTokens: texts(input, 'GrantTokens'),
  });
}

function assertFits({ target, algorithm, context }: Source): void {
  assertUsage(target, USAGE);
  assertAlgorithm(target, algorithm);
  if (algorithm !== SYMMETRIC && Object.keys(context).length > 0) {
    throw validation('EncryptionContext is not supported for asymmetric KMS keys');
  }
}

function encrypt(world: World, { target, algorithm, context }: Source, plaintext: Buffer) {
  const material = currentSecret(world, target);
  if (algorithm === SYMMETRIC) {
    return { bytes: sealBlob(target.set.keyId, material, context, plaintext, world.random), materialId: material.id };
  }
  try {
    return { bytes: publicEncrypt(oaep(material.secret, algorithm), plaintext), materialId: null };
  } catch {
    throw validation(`Plaintext is too long for ${algorithm} with ${target.arn}`);
  }
}

function decrypt(world: World, { target, algorithm, context }: Source, bytes: Buffer) {
  if (algorithm !== SYMMETRIC) {
    try {
      return {
        plaintext: privateDecrypt(oaep(currentSecret(world, target).secret, algorithm), bytes),
        materialId: null,
      };
    } catch {
      throw invalidCiphertext();
    }
  }
  const read = readBlob(bytes);
  if (read === null) throw invalidCiphertext();
  if (read.keyId !== target.set.keyId) {
    throw new ServiceError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  }
  const material = secretOf(world, target, read.materialId);
  if (material === null) throw invalidCiphertext();
  return { plaintext: openBlob(read, material, context), materialId: material.id };
}

function oaep(pkcs8: Buffer, algorithm: string) {
  return {
    key: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256',
  };
}

/** One answer for "no such key" and "not yours", so that a ciphertext does not tell which keys exist. */
function unknownKeyOfCiphertext(): ServiceError {
  return new ServiceError(
    'AccessDeniedException',
    'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
  );
}
