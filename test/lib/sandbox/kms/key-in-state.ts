import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { AWAY, Bench, base64, HOME, type Input, roleArn, SECOND } from './harness.js';
import { importInput, importMaterial } from './importing.js';

const SIGNING = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' };
const MAC = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' };
const MATERIAL = Buffer.alloc(32, 7);
const Plaintext = base64('plain');

/** The kind of key that an operation is for; a symmetric one where it does not matter. */
const KIND: Readonly<Record<string, JsonObject>> = {
  GetPublicKey: SIGNING,
  Sign: SIGNING,
  Verify: SIGNING,
  GenerateMac: MAC,
  VerifyMac: MAC,
  DeleteImportedKeyMaterial: { Origin: 'EXTERNAL' },
  GetParametersForImport: { Origin: 'EXTERNAL' },
  ImportKeyMaterial: { Origin: 'EXTERNAL' },
};

/** What must be done with the key while it still can be: each gives members of the input. */
const BEFORE: Readonly<Record<string, (bench: Bench, KeyId: string) => Input>> = {
  Decrypt: (bench, KeyId) => ({ CiphertextBlob: bench.run('Encrypt', { KeyId, Plaintext }).CiphertextBlob }),
  ReEncrypt: (bench, KeyId) => ({
    CiphertextBlob: bench.run('Encrypt', { KeyId, Plaintext }).CiphertextBlob,
    SourceKeyId: KeyId,
    DestinationKeyId: KeyId,
  }),
  Verify: (bench, KeyId) => ({
    Signature: bench.run('Sign', { KeyId, Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' }).Signature,
  }),
  VerifyMac: (bench, KeyId) => ({
    Mac: bench.run('GenerateMac', { KeyId, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' }).Mac,
  }),
  RetireGrant: grantOf,
  RevokeGrant: grantOf,
  DeleteAlias: aliasOf,
  UpdateAlias: aliasOf,
  ImportKeyMaterial: (bench, KeyId) => importInput(bench, KeyId, MATERIAL),
};

function grantOf(bench: Bench, KeyId: string): Input {
  return {
    GrantId: bench.run('CreateGrant', { KeyId, GranteePrincipal: roleArn('seat'), Operations: ['Decrypt'] }).GrantId,
  };
}

function aliasOf(bench: Bench, KeyId: string): Input {
  bench.run('CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId });
  return {};
}

const MEMBERS: Readonly<Record<string, Input>> = {
  CreateAlias: { AliasName: 'alias/new' },
  CreateGrant: { GranteePrincipal: roleArn('seat'), Operations: ['Decrypt'] },
  DeleteAlias: { AliasName: 'alias/a' },
  Encrypt: { Plaintext },
  GenerateDataKey: { KeySpec: 'AES_256' },
  GenerateDataKeyWithoutPlaintext: { KeySpec: 'AES_256' },
  GenerateDataKeyPair: { KeyPairSpec: 'ECC_NIST_P256' },
  GenerateDataKeyPairWithoutPlaintext: { KeyPairSpec: 'ECC_NIST_P256' },
  GenerateMac: { Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' },
  GetParametersForImport: { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
  PutKeyPolicy: {
    Policy: JSON.stringify({ Statement: { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' } }),
  },
  ReplicateKey: { ReplicaRegion: 'us-east-1' },
  Sign: { Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' },
  TagResource: { Tags: [{ TagKey: 'a', TagValue: '1' }] },
  UntagResource: { TagKeys: ['a'] },
  UpdateAlias: { AliasName: 'alias/a' },
  UpdateKeyDescription: { Description: 'new' },
  Verify: { Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' },
  VerifyMac: { Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' },
};

/** Operations on a multi-Region key; the others get one only for the states that no other key has. */
const MULTI_REGION = ['ReplicateKey', 'UpdatePrimaryRegion'];
const TRANSIENT = ['Creating', 'Updating'];

/** A bench with a key in `state` in `region`, and the input with which `operation` would work on an enabled one. */
export function keyInState(operation: string, state: string) {
  const bench = new Bench();
  const kind = { ...KIND[operation], ...(state === 'PendingImport' && { Origin: 'EXTERNAL' }) };
  const multiRegion = [operation, state].some((word) => [...MULTI_REGION, ...TRANSIENT].includes(word));
  const KeyId = bench.key({ ...kind, MultiRegion: multiRegion });
  const region = TRANSIENT.includes(state) ? AWAY : HOME;
  const external = kind.Origin === 'EXTERNAL';
  if (external) importMaterial(bench, KeyId, MATERIAL);
  if (multiRegion) replicate(bench, KeyId, state, external);
  const made = bench.in(madeIn(operation, state), () => BEFORE[operation]?.(bench, KeyId) ?? {});
  bring(bench, KeyId, state);
  const named = ['CreateAlias', 'UpdateAlias'].includes(operation) ? { TargetKeyId: KeyId } : { KeyId };
  const PrimaryRegion = state === 'Updating' ? HOME : AWAY;
  return { bench, operation, region, input: { PrimaryRegion, ...named, ...MEMBERS[operation], ...made } };
}

function replicate(bench: Bench, KeyId: string, state: string, external: boolean): void {
  bench.run('ReplicateKey', { KeyId, ReplicaRegion: AWAY });
  if (state === 'Creating') return;
  bench.wait(60 * SECOND);
  if (external) bench.in(AWAY, () => importMaterial(bench, KeyId, MATERIAL));
}

/** A key that is Creating makes no ciphertexts: its primary makes them; aliases are of one Region. */
function madeIn(operation: string, state: string): string {
  if (state === 'Updating') return AWAY;
  return state === 'Creating' && operation.endsWith('Alias') ? AWAY : HOME;
}

function bring(bench: Bench, KeyId: string, state: string): void {
  if (state === 'Disabled') bench.run('DisableKey', { KeyId });
  if (state === 'PendingDeletion') bench.run('ScheduleKeyDeletion', { KeyId });
  if (state === 'PendingImport') bench.run('DeleteImportedKeyMaterial', { KeyId });
  if (state === 'Updating') bench.run('UpdatePrimaryRegion', { KeyId, PrimaryRegion: AWAY });
}
