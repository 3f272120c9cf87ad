import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { JsonObject } from '../../base/canonical-json.js';
import { type Call, ServiceError } from '../service.js';
import type { Context } from './ask.js';
import { invalidState, notFound, unsupported, validation } from './errors.js';
import type { Target } from './identifiers.js';
import { blob, optionalNumber, optionalText, text } from './input.js';
import { appendMaterial, materialIdOf } from './material.js';
import { type Operations, openKey } from './operation.js';
import { specOf } from './specs.js';
import {
  copiesOf,
  currentMaterial,
  DAY,
  type MaterialRow,
  materialsOf,
  rowId,
  SECOND,
  seconds,
  type World,
} from './state.js';
import { canUnwrap, unwrap } from './wrapping.js';

const MATERIAL_BYTES = 32;
const MOST_DAYS = 365;

export const importOperations: Operations = (world) => ({
  GetParametersForImport(input, call) {
    const [algorithm, keySpec] = [text(input, 'WrappingAlgorithm'), text(input, 'WrappingKeySpec')];
    const context = { 'kms:WrappingAlgorithm': algorithm, 'kms:WrappingKeySpec': keySpec };
    const target = openKey(world, call, input, 'GetParametersForImport', { context });
    assertImportable(target);
    if (!canUnwrap(algorithm) || specOf(keySpec).family !== 'rsa') {
      throw unsupported(`${algorithm} with ${keySpec} is not supported in this Region.`);
    }
    const pkcs8 = world.rsaPair(Number(keySpec.slice('RSA_'.length)));
    const token = world.random(64).toString('base64');
    const validToMillis = call.nowMillis + DAY;
    const { region, keyId } = target.row;
    world.parameters.put(token, { region, keyId, algorithm, privateKey: pkcs8.toString('base64'), validToMillis });
    const spki = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({
      format: 'der',
      type: 'spki',
    });
    return {
      KeyId: target.arn,
      ImportToken: token,
      PublicKey: spki.toString('base64'),
      ParametersValidTo: seconds(validToMillis),
    };
  },

  ImportKeyMaterial: (input, call) => importMaterial(world, call, input),

  DeleteImportedKeyMaterial(input, call) {
    const target = openKey(world, call, input, 'DeleteImportedKeyMaterial');
    assertImportable(target);
    const materialId = optionalText(input, 'KeyMaterialId') ?? currentMaterial(world, target.set.keyId)?.materialId;
    if (materialId !== undefined) deleteMaterial(world, target, materialId);
    return { KeyId: target.arn, ...(materialId !== undefined && { KeyMaterialId: materialId }) };
  },
});

function importMaterial(world: World, call: Call, input: JsonObject): JsonObject {
  const target = openKey(world, call, input, 'ImportKeyMaterial', { context: expiryContext(input) });
  assertImportable(target);
  const validToMillis = readExpiry(input, call.nowMillis);
  const secret = unwrapMaterial(world, call, target, input);
  const materialId = materialIdOf(target.set.keyId, secret);
  const known = materialsOf(world, target.set.keyId);
  const type = optionalText(input, 'ImportType') ?? (known.length === 0 ? 'NEW_KEY_MATERIAL' : 'EXISTING_KEY_MATERIAL');
  const claimed = optionalText(input, 'KeyMaterialId');
  if (type === 'NEW_KEY_MATERIAL') acceptNew(world, target, materialId, claimed);
  else acceptExisting(known, materialId, claimed);
  const { region, keyId } = target.row;
  const id = rowId(keyId, materialId);
  const description = optionalText(input, 'KeyMaterialDescription');
  const row = world.materials.get(id);
  if (row !== undefined && description !== null) world.materials.put(id, { ...row, description });
  world.imports.put(rowId(region, id), { region, keyId, materialId, secret: secret.toString('base64'), validToMillis });
  return { KeyId: target.arn, KeyMaterialId: materialId };
}

/** New material joins the key: the first is current at once, a later one waits for RotateKeyOnDemand. */
function acceptNew(world: World, target: Target, materialId: string, claimed: string | null): void {
  const { row, set, arn } = target;
  if (claimed !== null) throw validation('KeyMaterialId cannot be specified with ImportType NEW_KEY_MATERIAL.');
  if (set.primaryRegion !== row.region)
    throw unsupported(`${arn} is a multi-Region replica key: new key material is imported into the primary key.`);
  const known = materialsOf(world, set.keyId);
  if (known.some((material) => material.materialId === materialId)) {
    throw incorrectMaterial('The key material is already associated with the KMS key.');
  }
  if (known.some((material) => material.state === 'PENDING'))
    throw invalidState(`${arn} already has key material pending rotation.`);
  const state = known.length === 0 ? 'CURRENT' : 'PENDING';
  appendMaterial(world, set, {
    keyId: set.keyId,
    materialId,
    state,
    secret: null,
    rotationType: null,
    rotatedMillis: null,
    description: null,
  });
}

function acceptExisting(known: readonly MaterialRow[], materialId: string, claimed: string | null): void {
  if (claimed !== null && claimed !== materialId)
    throw incorrectMaterial('The key material does not match the KeyMaterialId.');
  if (!known.some((material) => material.materialId === materialId)) {
    throw incorrectMaterial('The key material is not the key material that was previously imported.');
  }
}

function unwrapMaterial(world: World, call: Call, { row }: Target, input: JsonObject): Buffer {
  const parameters = world.parameters.get(text(input, 'ImportToken'));
  if (parameters === undefined || parameters.keyId !== row.keyId || parameters.region !== row.region) {
    throw new ServiceError(
      'InvalidImportTokenException',
      'The import token is invalid or is associated with a different KMS key.',
    );
  }
  if (call.nowMillis >= parameters.validToMillis)
    throw new ServiceError('ExpiredImportTokenException', 'The import token is expired.');
  const secret = unwrap(
    Buffer.from(parameters.privateKey, 'base64'),
    parameters.algorithm,
    blob(input, 'EncryptedKeyMaterial'),
  );
  if (secret.length !== MATERIAL_BYTES) throw incorrectMaterial(`The key material must be ${MATERIAL_BYTES} bytes.`);
  return secret;
}

/** `null`: the material does not expire. */
function readExpiry(input: JsonObject, nowMillis: number): number | null {
  const validTo = optionalNumber(input, 'ValidTo');
  if (optionalText(input, 'ExpirationModel') === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (validTo !== null)
      throw validation('ValidTo must not be specified when ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE.');
    return null;
  }
  if (validTo === null) throw validation('A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES.');
  const millis = validTo * SECOND;
  if (millis <= nowMillis || millis > nowMillis + MOST_DAYS * DAY) {
    throw validation(`ValidTo must be in the future and at most ${MOST_DAYS} days from now.`);
  }
  return millis;
}

/** Both condition keys hold what the request says; absent when it does not say. */
function expiryContext(input: JsonObject): Context {
  const [model, validTo] = [optionalText(input, 'ExpirationModel'), optionalNumber(input, 'ValidTo')];
  return {
    ...(model !== null && { 'kms:ExpirationModel': model }),
    ...(validTo !== null && { 'kms:ValidTo': String(validTo) }),
  };
}

/** Material that waits for rotation leaves with the primary's copy; permanent material stays listed and can be imported again. */
function deleteMaterial(world: World, { row, set }: Target, materialId: string): void {
  const id = rowId(set.keyId, materialId);
  const material = world.materials.get(id);
  if (material === undefined) throw notFound(`Key material ${materialId} does not exist`);
  const withAll = material.state === 'PENDING' && set.primaryRegion === row.region;
  for (const { region } of withAll ? copiesOf(world, set.keyId) : [row]) world.imports.remove(rowId(region, id));
  if (!withAll) return;
  world.materials.remove(id);
  world.sets.put(set.keyId, { ...set, materialIds: set.materialIds.filter((known) => known !== materialId) });
}

function assertImportable({ set, arn }: Target): void {
  if (set.origin !== 'EXTERNAL')
    throw unsupported(`${arn} origin is ${set.origin} which is not valid for this operation.`);
}

function incorrectMaterial(message: string): ServiceError {
  return new ServiceError('IncorrectKeyMaterialException', message);
}
