import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { AWAY, base64, HOME } from '../../lib/sandbox/kms/harness.js';
import { DOES_NOT_EXPIRE, wrapped } from '../../lib/sandbox/kms/importing.js';
import { checkOutcome } from './expectation.js';
import { type StateFact, valueAt } from './fact.js';
import { run, type Stage } from './stage.js';

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

/** A key on a stage, and in which Region it is made ready. */
interface Place {
  readonly stage: Stage;
  readonly KeyId: string;
  readonly region: string;
}

/** What must be done with the key while it still can be: each gives members of the input. */
const BEFORE: Readonly<Record<string, (place: Place) => Promise<JsonObject>>> = {
  Decrypt: async (place) => ({ CiphertextBlob: await ciphertext(place) }),
  ReEncrypt: async (place) => ({
    CiphertextBlob: await ciphertext(place),
    SourceKeyId: place.KeyId,
    DestinationKeyId: place.KeyId,
  }),
  Verify: async (place) => ({
    Signature: await made(place, 'Sign', { Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' }, 'Signature'),
  }),
  VerifyMac: async (place) => ({
    Mac: await made(place, 'GenerateMac', { Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' }, 'Mac'),
  }),
  RetireGrant: grantOf,
  RevokeGrant: grantOf,
  DeleteAlias: aliasOf,
  UpdateAlias: aliasOf,
  ImportKeyMaterial: importInput,
};

async function made({ stage, KeyId, region }: Place, operation: string, input: JsonObject, member: string) {
  return String((await run(stage, operation, { KeyId, ...input }, region))[member]);
}

function ciphertext(place: Place): Promise<string> {
  return made(place, 'Encrypt', { Plaintext }, 'CiphertextBlob');
}

async function grantOf(place: Place): Promise<JsonObject> {
  return { GrantId: await made(place, 'CreateGrant', grantee(place.stage), 'GrantId') };
}

function grantee(stage: Stage): JsonObject {
  return { GranteePrincipal: stage.roleArn('seat'), Operations: ['Decrypt'] };
}

async function aliasOf({ stage, KeyId, region }: Place): Promise<JsonObject> {
  await run(stage, 'CreateAlias', { AliasName: stage.alias('a'), TargetKeyId: KeyId }, region);
  return { AliasName: stage.alias('a') };
}

async function importInput({ stage, KeyId, region }: Place): Promise<JsonObject> {
  const WrappingAlgorithm = 'RSAES_OAEP_SHA_256';
  const wanted = { KeyId, WrappingAlgorithm, WrappingKeySpec: 'RSA_2048' };
  const parameters = await run(stage, 'GetParametersForImport', wanted, region);
  return { ...wrapped(parameters, MATERIAL, WrappingAlgorithm), ...DOES_NOT_EXPIRE };
}

async function importMaterial(place: Place): Promise<void> {
  await run(place.stage, 'ImportKeyMaterial', { KeyId: place.KeyId, ...(await importInput(place)) }, place.region);
}

function members(stage: Stage): Readonly<Record<string, JsonObject>> {
  return {
    CreateAlias: { AliasName: stage.alias('new') },
    CreateGrant: grantee(stage),
    DeleteAlias: { AliasName: stage.alias('a') },
    Encrypt: { Plaintext },
    GenerateDataKey: { KeySpec: 'AES_256' },
    GenerateDataKeyWithoutPlaintext: { KeySpec: 'AES_256' },
    GenerateDataKeyPair: { KeyPairSpec: 'ECC_NIST_P256' },
    GenerateDataKeyPairWithoutPlaintext: { KeyPairSpec: 'ECC_NIST_P256' },
    GenerateMac: { Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' },
    GetParametersForImport: { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
    PutKeyPolicy: { Policy: JSON.stringify(rootPolicy(stage.root)) },
    ReplicateKey: { ReplicaRegion: 'us-east-1' },
    Sign: { Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' },
    TagResource: { Tags: [{ TagKey: 'a', TagValue: '1' }] },
    UntagResource: { TagKeys: ['a'] },
    UpdateAlias: { AliasName: stage.alias('a') },
    UpdateKeyDescription: { Description: 'new' },
    Verify: { Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' },
    VerifyMac: { Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' },
  };
}

function rootPolicy(root: string): JsonObject {
  return {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' }],
  };
}

/** Operations on a multi-Region key; the others get one only for the states that no other key has. */
export const MULTI_REGION: readonly string[] = ['ReplicateKey', 'UpdatePrimaryRegion'];
/** States that pass by themselves. */
export const TRANSIENT: readonly string[] = ['Creating', 'Updating'];

/** Makes a key, brings it into the state and tries the operation. @throws Error when it is otherwise than the fact says */
export async function playStateFact(stage: Stage, { operation, state, expect: expected }: StateFact): Promise<void> {
  const { input, region } = await keyInState(stage, operation, state);
  const outcome = await stage.perform({ service: 'kms', operation, input, in: region });
  checkOutcome(outcome, expected.error === undefined ? { answer: {} } : expected, new Map());
}

/** A key in `state` in `region`, and the input with which `operation` would work on an enabled one. */
async function keyInState(stage: Stage, operation: string, state: string) {
  const kind = { ...KIND[operation], ...(state === 'PendingImport' && { Origin: 'EXTERNAL' }) };
  const multiRegion = MULTI_REGION.includes(operation) || TRANSIENT.includes(state);
  const { KeyMetadata = {} } = await run(stage, 'CreateKey', { ...kind, MultiRegion: multiRegion });
  const KeyId = String(valueAt({ KeyMetadata }, 'KeyMetadata.KeyId'));
  const region = TRANSIENT.includes(state) ? AWAY : HOME;
  const external = kind.Origin === 'EXTERNAL';
  if (external) await importMaterial({ stage, KeyId, region: HOME });
  if (multiRegion) await replicate(stage, KeyId, state, external);
  const prepared = (await BEFORE[operation]?.({ stage, KeyId, region: madeIn(operation, state) })) ?? {};
  await bring(stage, KeyId, state);
  const named: JsonObject = ['CreateAlias', 'UpdateAlias'].includes(operation) ? { TargetKeyId: KeyId } : { KeyId };
  const { KeyId: _, ...unnamed } = named;
  const primary: JsonObject =
    operation === 'UpdatePrimaryRegion' ? { PrimaryRegion: state === 'Updating' ? HOME : AWAY } : {};
  const own = operation === 'DeleteAlias' || operation === 'ReEncrypt' ? unnamed : named;
  return { region, input: { ...own, ...primary, ...members(stage)[operation], ...prepared } };
}

async function replicate(stage: Stage, KeyId: string, state: string, external: boolean): Promise<void> {
  await run(stage, 'ReplicateKey', { KeyId, ReplicaRegion: AWAY });
  if (state === 'Creating') return;
  await stage.wait(60);
  if (external) await importMaterial({ stage, KeyId, region: AWAY });
}

/** A key that is Creating makes no ciphertexts: its primary makes them; aliases are of one Region. */
function madeIn(operation: string, state: string): string {
  if (state === 'Updating') return AWAY;
  return state === 'Creating' && operation.endsWith('Alias') ? AWAY : HOME;
}

async function bring(stage: Stage, KeyId: string, state: string): Promise<void> {
  if (state === 'Disabled') await run(stage, 'DisableKey', { KeyId });
  if (state === 'PendingDeletion') await run(stage, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
  if (state === 'PendingImport') await run(stage, 'DeleteImportedKeyMaterial', { KeyId });
  if (state === 'Updating') await run(stage, 'UpdatePrimaryRegion', { KeyId, PrimaryRegion: AWAY });
}
