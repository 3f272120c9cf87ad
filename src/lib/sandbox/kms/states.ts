import { disabled, invalidState } from './errors.js';
import { type KeyRow, materialsOf, rowId, setOf, type World } from './state.js';

export type KeyState =
  | 'Creating'
  | 'Enabled'
  | 'Disabled'
  | 'PendingDeletion'
  | 'PendingImport'
  | 'PendingReplicaDeletion'
  | 'Updating';

/** The state of a key is never stored: it follows from its rows and the time. */
export function stateOf(world: World, row: KeyRow, nowMillis: number): KeyState {
  if (row.deletionWindowDays !== null)
    return row.deleteAtMillis === null ? 'PendingReplicaDeletion' : 'PendingDeletion';
  if (nowMillis < row.creatingUntilMillis) return 'Creating';
  if (nowMillis < row.updatingUntilMillis) return 'Updating';
  if (lacksMaterial(world, row)) return 'PendingImport';
  return row.enabled ? 'Enabled' : 'Disabled';
}

/** True for a key whose permanently associated imported material is not all present in this Region. */
function lacksMaterial(world: World, row: KeyRow): boolean {
  if (setOf(world, row.keyId).origin !== 'EXTERNAL') return false;
  const permanent = materialsOf(world, row.keyId).filter((material) => material.state !== 'PENDING');
  return (
    permanent.length === 0 ||
    permanent.some(
      (material) => world.imports.get(rowId(row.region, `${row.keyId}/${material.materialId}`)) === undefined,
    )
  );
}

type Refusal = 'D' | 'P' | 'I' | 'C' | 'U';

/** D disabled, P pending deletion of any kind, I pending import, C creating, U updating. */
const CRYPTO = 'DPIC';

/**
 * The states in which an operation is refused (Developer Guide, "Key states of AWS KMS keys").
 * Operations that are not listed work in every state.
 */
const REFUSED: Readonly<Record<string, string>> = {
  CreateAlias: 'P',
  CreateGrant: 'DPIC',
  Decrypt: CRYPTO,
  DeleteImportedKeyMaterial: 'CU',
  DeriveSharedSecret: CRYPTO,
  DisableKey: 'PICU',
  DisableKeyRotation: 'DPC',
  EnableKey: 'PICU',
  EnableKeyRotation: 'DPC',
  Encrypt: CRYPTO,
  GenerateDataKey: CRYPTO,
  GenerateDataKeyPair: CRYPTO,
  GenerateDataKeyPairWithoutPlaintext: CRYPTO,
  GenerateDataKeyWithoutPlaintext: CRYPTO,
  GenerateMac: CRYPTO,
  GetParametersForImport: 'PCU',
  GetPublicKey: CRYPTO,
  ImportKeyMaterial: 'PC',
  ReEncrypt: CRYPTO,
  ReplicateKey: 'DPICU',
  RotateKeyOnDemand: 'DPICU',
  ScheduleKeyDeletion: 'PU',
  Sign: CRYPTO,
  TagResource: 'P',
  UntagResource: 'P',
  UpdateAlias: 'P',
  UpdateKeyDescription: 'P',
  UpdatePrimaryRegion: 'DPIC',
  Verify: CRYPTO,
  VerifyMac: CRYPTO,
};

const LETTER: Readonly<Record<KeyState, Refusal | ''>> = {
  Enabled: '',
  Disabled: 'D',
  PendingDeletion: 'P',
  PendingReplicaDeletion: 'P',
  PendingImport: 'I',
  Creating: 'C',
  Updating: 'U',
};

const WORDS: Readonly<Record<KeyState, string>> = {
  Enabled: 'enabled',
  Disabled: 'disabled',
  PendingDeletion: 'pending deletion',
  PendingReplicaDeletion: 'pending replica deletion',
  PendingImport: 'pending import',
  Creating: 'creating',
  Updating: 'updating',
};

/** @throws ServiceError DisabledException or KMSInvalidStateException when the table refuses `operation` in the key's state. */
export function assertState(world: World, row: KeyRow, arn: string, operation: string, nowMillis: number): void {
  const state = stateOf(world, row, nowMillis);
  const letter = LETTER[state];
  if (letter === '' || !(REFUSED[operation] ?? '').includes(letter)) return;
  if (letter === 'D') throw disabled(arn);
  throw invalidState(`${arn} is ${WORDS[state]}.`);
}
