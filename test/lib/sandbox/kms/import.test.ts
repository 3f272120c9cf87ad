import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { rsaPair } from '../../../../src/lib/sandbox/kms/specs.js';
import { AWAY, Bench, base64, DAY, HOME, SECOND, START } from './harness.js';
import { DOES_NOT_EXPIRE, importInput, importMaterial } from './importing.js';

const FIRST = Buffer.alloc(32, 1);
const SECOND_MATERIAL = Buffer.alloc(32, 2);
const Plaintext = base64('plain');

let kms: Bench;
let KeyId: string;

beforeEach(() => {
  kms = new Bench();
  KeyId = kms.key({ Origin: 'EXTERNAL' });
});

const states = (key = KeyId) =>
  (
    kms.run('ListKeyRotations', { KeyId: key, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })
      .Rotations as readonly JsonObject[]
  ).map((entry) => `${entry.KeyMaterialState} ${entry.ImportState}`);

describe('one Region', () => {
  it.each(['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'RSA_AES_KEY_WRAP_SHA_1', 'RSA_AES_KEY_WRAP_SHA_256'])(
    'unwraps %s',
    (algorithm) => {
      const imported = kms.run('ImportKeyMaterial', importInput(kms, KeyId, FIRST, DOES_NOT_EXPIRE, algorithm));
      expect(imported.KeyMaterialId).toMatch(/^[0-9a-f]{64}$/);
      expect(kms.describe(KeyId)).toMatchObject({
        KeyState: 'Enabled',
        CurrentKeyMaterialId: imported.KeyMaterialId,
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      });
    },
  );

  it('refuses material that is not wrapped under the given key', () => {
    kms = new Bench({ rsaPair });
    KeyId = kms.key({ Origin: 'EXTERNAL' });
    const good = importInput(kms, KeyId, FIRST);
    const other = importInput(kms, KeyId, FIRST);
    const mixed = { ...good, EncryptedKeyMaterial: other.EncryptedKeyMaterial };
    kms.refuse('InvalidCiphertextException', 'ImportKeyMaterial', mixed);
    kms.refuse('InvalidCiphertextException', 'ImportKeyMaterial', { ...good, EncryptedKeyMaterial: Plaintext });
  });

  it('refuses material of another length', () => {
    kms.refuse(
      'IncorrectKeyMaterialException',
      'ImportKeyMaterial',
      importInput(kms, KeyId, Buffer.alloc(16)),
      '32 bytes',
    );
  });

  it('refuses the token of another key, and of another Region', () => {
    const input = importInput(kms, KeyId, FIRST);
    const other = kms.key({ Origin: 'EXTERNAL' });
    kms.refuse('InvalidImportTokenException', 'ImportKeyMaterial', { ...input, KeyId: other });
  });

  it('refuses parameters after 24 hours', () => {
    const input = importInput(kms, KeyId, FIRST);
    kms.wait(DAY - 1);
    kms.run('ImportKeyMaterial', input);
    kms.wait(1);
    kms.refuse('ExpiredImportTokenException', 'ImportKeyMaterial', input);
  });

  it('deletes material when it expires, and takes the same back', () => {
    const { KeyMaterialId } = importMaterial(kms, KeyId, FIRST, { ValidTo: START / SECOND + 100 });
    expect(kms.describe(KeyId)).toMatchObject({
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo: START / SECOND + 100,
    });
    const { CiphertextBlob } = kms.run('Encrypt', { KeyId, Plaintext });
    kms.wait(100 * SECOND);
    expect(kms.describe(KeyId).KeyState).toBe('PendingImport');
    kms.refuse('KMSInvalidStateException', 'Decrypt', { CiphertextBlob }, 'pending import');
    kms.refuse('IncorrectKeyMaterialException', 'ImportKeyMaterial', importInput(kms, KeyId, SECOND_MATERIAL));
    expect(importMaterial(kms, KeyId, FIRST).KeyMaterialId).toBe(KeyMaterialId);
    expect(kms.run('Decrypt', { CiphertextBlob }).Plaintext).toBe(Plaintext);
  });

  it('deletes material at once when asked', () => {
    const { KeyMaterialId } = importMaterial(kms, KeyId, FIRST);
    expect(kms.run('DeleteImportedKeyMaterial', { KeyId }).KeyMaterialId).toBe(KeyMaterialId);
    expect(kms.describe(KeyId).KeyState).toBe('PendingImport');
    expect(kms.store.text()).not.toContain(FIRST.toString('base64'));
  });

  it('checks the id that is claimed', () => {
    const { KeyMaterialId } = importMaterial(kms, KeyId, FIRST);
    importMaterial(kms, KeyId, FIRST, { ...DOES_NOT_EXPIRE, KeyMaterialId });
    const wrong = { ...DOES_NOT_EXPIRE, KeyMaterialId: 'a'.repeat(64) };
    kms.refuse('IncorrectKeyMaterialException', 'ImportKeyMaterial', importInput(kms, KeyId, FIRST, wrong));
    const asNew = { ...DOES_NOT_EXPIRE, KeyMaterialId, ImportType: 'NEW_KEY_MATERIAL' };
    kms.refuse('ValidationException', 'ImportKeyMaterial', importInput(kms, KeyId, SECOND_MATERIAL, asNew));
  });
});

const NEW = { ...DOES_NOT_EXPIRE, ImportType: 'NEW_KEY_MATERIAL', KeyMaterialDescription: 'year two' };

describe('rotation of imported material', () => {
  beforeEach(() => {
    importMaterial(kms, KeyId, FIRST);
  });

  it('needs material that is pending rotation', () => {
    kms.refuse(
      'KMSInvalidStateException',
      'RotateKeyOnDemand',
      { KeyId },
      'No available key material pending rotation',
    );
  });

  it('makes the pending material current', () => {
    const { CiphertextBlob, KeyMaterialId: old } = kms.run('GenerateDataKey', { KeyId, KeySpec: 'AES_256' });
    const { KeyMaterialId } = importMaterial(kms, KeyId, SECOND_MATERIAL, NEW);
    expect(states()).toEqual(['CURRENT IMPORTED', 'PENDING_ROTATION IMPORTED']);
    expect(kms.describe(KeyId).CurrentKeyMaterialId).toBe(old);
    kms.run('RotateKeyOnDemand', { KeyId });
    kms.wait(60 * SECOND);
    expect(states()).toEqual(['NON_CURRENT IMPORTED', 'CURRENT IMPORTED']);
    expect(kms.describe(KeyId).CurrentKeyMaterialId).toBe(KeyMaterialId);
    expect(kms.run('Decrypt', { CiphertextBlob }).KeyMaterialId).toBe(old);
    expect(kms.run('ListKeyRotations', { KeyId }).Rotations).toMatchObject([
      {
        RotationType: 'ON_DEMAND',
        KeyMaterialDescription: 'year two',
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      },
    ]);
  });

  it('needs all the permanent material afterwards', () => {
    const { KeyMaterialId: old } = kms.run('GenerateDataKey', { KeyId, KeySpec: 'AES_256' });
    importMaterial(kms, KeyId, SECOND_MATERIAL, NEW);
    kms.run('RotateKeyOnDemand', { KeyId });
    kms.wait(60 * SECOND);
    kms.run('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId: old });
    expect(kms.describe(KeyId).KeyState).toBe('PendingImport');
  });

  it('refuses material that the key has had, and a second pending one', () => {
    kms.refuse(
      'IncorrectKeyMaterialException',
      'ImportKeyMaterial',
      importInput(kms, KeyId, FIRST, NEW),
      'already associated',
    );
    importMaterial(kms, KeyId, SECOND_MATERIAL, NEW);
    kms.refuse('KMSInvalidStateException', 'ImportKeyMaterial', importInput(kms, KeyId, Buffer.alloc(32, 3), NEW));
  });

  it('forgets pending material that is deleted, while the key stays usable', () => {
    const { KeyMaterialId } = importMaterial(kms, KeyId, SECOND_MATERIAL, NEW);
    kms.run('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId });
    expect(states()).toEqual(['CURRENT IMPORTED']);
    expect(kms.describe(KeyId).KeyState).toBe('Enabled');
  });
});

describe('several Regions', () => {
  beforeEach(() => {
    KeyId = kms.key({ Origin: 'EXTERNAL', MultiRegion: true });
    importMaterial(kms, KeyId, FIRST);
    kms.run('ReplicateKey', { KeyId, ReplicaRegion: AWAY });
    kms.wait(60 * SECOND);
  });

  const away = <T>(body: () => T) => kms.in(AWAY, body);

  it('makes a replica without material', () => {
    expect(away(() => kms.describe(KeyId).KeyState)).toBe('PendingImport');
    away(() => importMaterial(kms, KeyId, FIRST));
    expect(away(() => kms.describe(KeyId).KeyState)).toBe('Enabled');
  });

  it('takes only the same material in a replica', () => {
    away(() =>
      kms.refuse('IncorrectKeyMaterialException', 'ImportKeyMaterial', importInput(kms, KeyId, SECOND_MATERIAL)),
    );
    away(() =>
      kms.refuse('UnsupportedOperationException', 'ImportKeyMaterial', importInput(kms, KeyId, SECOND_MATERIAL, NEW)),
    );
  });

  it('rotates only when every Region has the new material', () => {
    away(() => importMaterial(kms, KeyId, FIRST));
    const { KeyMaterialId } = importMaterial(kms, KeyId, SECOND_MATERIAL, NEW);
    expect(states()).toEqual(['CURRENT IMPORTED', 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION IMPORTED']);
    kms.refuse('KMSInvalidStateException', 'RotateKeyOnDemand', { KeyId });
    away(() => importMaterial(kms, KeyId, SECOND_MATERIAL));
    expect(states()).toEqual(['CURRENT IMPORTED', 'PENDING_ROTATION IMPORTED']);
    kms.run('RotateKeyOnDemand', { KeyId });
    kms.wait(60 * SECOND);
    expect(away(() => kms.describe(KeyId).CurrentKeyMaterialId)).toBe(KeyMaterialId);
  });

  it('deletes pending material of the primary everywhere, that of a replica only there', () => {
    away(() => importMaterial(kms, KeyId, FIRST));
    const { KeyMaterialId } = importMaterial(kms, KeyId, SECOND_MATERIAL, NEW);
    away(() => importMaterial(kms, KeyId, SECOND_MATERIAL));
    away(() => kms.run('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId }));
    expect(states()).toEqual(['CURRENT IMPORTED', 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION IMPORTED']);
    away(() => importMaterial(kms, KeyId, SECOND_MATERIAL));
    kms.run('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId });
    expect(away(() => states())).toEqual(['CURRENT IMPORTED']);
    expect(kms.region).toBe(HOME);
  });
});
