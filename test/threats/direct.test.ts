import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import { isObject } from '../../src/lib/base/fields.js';
import {
  custodianSignerPolicy,
  type KeyPolicyInput,
  MUTATING_OPERATIONS,
  synthesizeKeyPolicy,
} from '../../src/lib/policy/synthesize.js';
import type { Sandbox } from '../../src/lib/sandbox/sandbox.js';
import { ACCOUNT, call, EXECUTOR, keyOf, openSandbox } from '../lib/sandbox/support.js';
import { offeredOperations } from '../support/sandbox-operations.js';

/** Every operation of KMS that changes a key, called by every profile past the tool: what the key policy says happens. */

const [HOME, AWAY] = ['eu-central-1', 'eu-west-1'];
const SEATS = ['architect', 'privacy', 'deputy'];
const PROFILES = [...SEATS, 'executor', 'service', 'admin', 'outsider'];
const DENIED = 'AccessDeniedException';
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const SEAT_ROLES = ['SecurityArchitect', 'PrivacyEngineer', 'SecurityArchitect-deputy'].map(role);

type Operation = (typeof MUTATING_OPERATIONS)[number];
type Input = Record<string, unknown>;

/** KMS as one profile reaches it; throws where `code` does not. */
interface Line {
  code(operation: string, input: Input, region?: string): Promise<string | null>;
  ok(operation: string, input: Input, region?: string): Promise<Input>;
}

function lineOf(sandbox: Sandbox, profile: string): Line {
  const ask = (operation: string, input: Input, region = HOME) =>
    call(sandbox, { key: keyOf(sandbox, profile), service: 'kms', region }, operation, input);
  return {
    code: async (operation, input, region) => (await ask(operation, input, region)).code,
    ok: async (operation, input, region) => {
      const answer = await ask(operation, input, region);
      if (answer.code !== null) throw new Error(`${operation} by ${profile}: ${answer.text}`);
      return JSON.parse(answer.text);
    },
  };
}

interface Scene {
  readonly sandbox: Sandbox;
  readonly executor: Line;
  readonly policy: string;
  readonly KeyId: string;
  wait(seconds: number): void;
}

const policyInput: KeyPolicyInput = {
  account: ACCOUNT,
  partition: 'aws',
  region: HOME,
  executorRoleArn: EXECUTOR,
  custodianRoleArns: SEAT_ROLES,
  users: [{ roleArn: role('app'), operations: ['encrypt', 'decrypt', 'generate-data-key', 'describe'] }],
};
const dualControlGrants = SEATS.map((id, at) => ({ id, roleArn: SEAT_ROLES[at] ?? '' }));

/** What must be so before the operation can do anything; answers the members of its input beside the key. */
const ARRANGED: Readonly<Record<Operation, (scene: Scene) => Promise<Input>>> = {
  CancelKeyDeletion: async ({ executor, KeyId }) => {
    await executor.ok('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    return {};
  },
  CreateAlias: async ({ KeyId }) => ({ AliasName: 'alias/direct', TargetKeyId: KeyId }),
  CreateGrant: async () => ({ GranteePrincipal: role('outsider'), Operations: ['Decrypt'] }),
  DeleteAlias: async (scene) => {
    await alias(scene);
    return { AliasName: 'alias/direct' };
  },
  DeleteImportedKeyMaterial: async (scene) => {
    await scene.executor.ok('ImportKeyMaterial', { KeyId: scene.KeyId, ...(await material(scene)) });
    return {};
  },
  DisableKey: async () => ({}),
  DisableKeyRotation: async ({ executor, KeyId }) => {
    await executor.ok('EnableKeyRotation', { KeyId });
    return {};
  },
  EnableKey: async ({ executor, KeyId }) => {
    await executor.ok('DisableKey', { KeyId });
    return {};
  },
  EnableKeyRotation: async () => ({ RotationPeriodInDays: 90 }),
  GetParametersForImport: async () => ({ WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }),
  ImportKeyMaterial: material,
  PutKeyPolicy: async ({ policy }) => ({ Policy: policy.replace('"VetoDeletion"', '"VetoDeletion2"') }),
  ReplicateKey: async ({ policy }) => ({ ReplicaRegion: AWAY, Policy: policy }),
  RetireGrant: grant,
  RevokeGrant: grant,
  RotateKeyOnDemand: async () => ({}),
  ScheduleKeyDeletion: async () => ({ PendingWindowInDays: 7 }),
  TagResource: async () => ({ Tags: [{ TagKey: 'direct', TagValue: '1' }] }),
  UntagResource: async () => ({ TagKeys: ['kept'] }),
  UpdateAlias: async (scene) => {
    await alias(scene);
    const other = await makeKey(scene.executor, scene.policy, {});
    return { AliasName: 'alias/direct', TargetKeyId: other };
  },
  UpdateKeyDescription: async () => ({ Description: 'direct' }),
  UpdatePrimaryRegion: async ({ executor, KeyId, policy, wait }) => {
    await executor.ok('ReplicateKey', { KeyId, ReplicaRegion: AWAY, Policy: policy });
    wait(60);
    return { PrimaryRegion: AWAY };
  },
};

async function alias({ executor, KeyId }: Scene): Promise<void> {
  await executor.ok('CreateAlias', { AliasName: 'alias/direct', TargetKeyId: KeyId });
}

async function grant({ executor, KeyId }: Scene): Promise<Input> {
  const RetiringPrincipal = role('custody-executor');
  const wanted = { KeyId, GranteePrincipal: role('app'), RetiringPrincipal, Operations: ['Decrypt'] };
  return { GrantId: (await executor.ok('CreateGrant', wanted)).GrantId };
}

async function material({ executor, KeyId }: Scene): Promise<Input> {
  const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' };
  const { PublicKey, ImportToken } = await executor.ok('GetParametersForImport', { KeyId, ...wrapping });
  const key = createPublicKey({ key: Buffer.from(String(PublicKey), 'base64'), format: 'der', type: 'spki' });
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  return {
    ImportToken,
    EncryptedKeyMaterial: publicEncrypt({ key, ...padding }, randomBytes(32)).toString('base64'),
    ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
  };
}

const EXTERNAL: readonly string[] = ['DeleteImportedKeyMaterial', 'GetParametersForImport', 'ImportKeyMaterial'];

async function makeKey(line: Line, Policy: string, kind: Input): Promise<string> {
  const Tags = [{ TagKey: 'kept', TagValue: '1' }];
  const { KeyMetadata } = await line.ok('CreateKey', { Policy, Tags, ...kind });
  if (!isObject(KeyMetadata)) throw new Error('CreateKey gave no metadata');
  return String(KeyMetadata.KeyId);
}

async function setScene(operation: string, policy: string): Promise<Scene> {
  const { sandbox, move } = openSandbox();
  const executor = lineOf(sandbox, 'executor');
  const kind = EXTERNAL.includes(operation) ? { Origin: 'EXTERNAL' } : { MultiRegion: true };
  return { sandbox, executor, policy, KeyId: await makeKey(executor, policy, kind), wait: move };
}

/** Everything about the key that a caller could have changed, in both Regions. */
async function look({ sandbox, KeyId }: Scene): Promise<string> {
  const asked: string[] = [];
  const key = keyOf(sandbox, 'executor');
  for (const region of [HOME, AWAY]) {
    for (const operation of [
      'DescribeKey',
      'GetKeyPolicy',
      'ListResourceTags',
      'ListGrants',
      'GetKeyRotationStatus',
      'ListKeyRotations',
    ]) {
      asked.push((await call(sandbox, { key, service: 'kms', region }, operation, { KeyId })).text);
    }
    asked.push((await call(sandbox, { key, service: 'kms', region }, 'ListAliases')).text);
  }
  return asked.join('\n');
}

/** The code of each profile's call, null where it was carried out. */
async function tryAll(scene: Scene, operation: string, input: Input, profiles: readonly string[]) {
  const codes: Record<string, string | null> = {};
  for (const profile of profiles) codes[profile] = await lineOf(scene.sandbox, profile).code(operation, input);
  return codes;
}

/** Operations on an alias name the key by the alias or as its target. */
function inputOf(operation: string, KeyId: string, members: Input): Input {
  return operation.endsWith('Alias') ? members : { KeyId, ...members };
}

const allDenied = (profiles: readonly string[]) => Object.fromEntries(profiles.map((profile) => [profile, DENIED]));

describe.each([
  ['a data key', synthesizeKeyPolicy(policyInput)],
  ['a root key under dual control', synthesizeKeyPolicy({ ...policyInput, dualControlGrants })],
])('T47 on %s', (_name, policy) => {
  const vetoes = new Set(['CancelKeyDeletion']);

  it.each(MUTATING_OPERATIONS.filter((operation) => !vetoes.has(operation)))(
    'T47 %s is the executor’s alone, and a refused call leaves nothing behind',
    async (operation) => {
      const scene = await setScene(operation, policy);
      const input = inputOf(operation, scene.KeyId, await ARRANGED[operation](scene));
      const before = await look(scene);
      const others = PROFILES.filter((profile) => profile !== 'executor');
      expect(await tryAll(scene, operation, input, others)).toEqual(allDenied(others));
      expect(await look(scene)).toBe(before);
      expect(await scene.executor.code(operation, input)).toBeNull();
      scene.wait(60);
      // What GetParametersForImport leaves is a token, seen by nobody else.
      if (operation !== 'GetParametersForImport') expect(await look(scene)).not.toBe(before);
    },
  );

  test('T47 CancelKeyDeletion, the veto, is each seat’s and nobody’s outside', async () => {
    const scene = await setScene('CancelKeyDeletion', policy);
    const { executor, KeyId } = scene;
    const outside = ['service', 'admin', 'outsider'];
    await ARRANGED.CancelKeyDeletion(scene);
    const before = await look(scene);
    expect(await tryAll(scene, 'CancelKeyDeletion', { KeyId }, outside)).toEqual(allDenied(outside));
    expect(await look(scene)).toBe(before);
    for (const profile of [...SEATS, 'executor']) {
      expect([profile, await lineOf(scene.sandbox, profile).code('CancelKeyDeletion', { KeyId })]).toEqual([
        profile,
        null,
      ]);
      await executor.ok('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    }
  });

  test('T47 the lockout check cannot be bypassed, by the executor neither', async () => {
    const scene = await setScene('PutKeyPolicy', policy);
    const bypass = { BypassPolicyLockoutSafetyCheck: true };
    for (const operation of ['PutKeyPolicy', 'ReplicateKey'] as const) {
      const input = { KeyId: scene.KeyId, ...(await ARRANGED[operation](scene)), ...bypass };
      expect(await tryAll(scene, operation, input, PROFILES)).toEqual(allDenied(PROFILES));
    }
  });
});

describe('T47 on a custodian’s signing key', () => {
  const OWN = ['CancelKeyDeletion', 'DisableKey', 'EnableKey', 'PutKeyPolicy', 'ScheduleKeyDeletion', 'TagResource'];
  // They need an alias or a grant, and nobody can make one.
  const WITHOUT_OBJECT = ['DeleteAlias', 'UpdateAlias', 'RetireGrant'];
  const policy = custodianSignerPolicy({ roleArn: role('PrivacyEngineer') });

  it.each(MUTATING_OPERATIONS.filter((operation) => !WITHOUT_OBJECT.includes(operation)))(
    'T47 %s is at most its owner’s',
    async (operation) => {
      const { sandbox, move: wait } = openSandbox();
      const owner = lineOf(sandbox, 'privacy');
      const KeyId = await makeKey(owner, policy, {
        KeySpec: 'ECC_NIST_P256',
        KeyUsage: 'SIGN_VERIFY',
        Tags: [{ TagKey: 'custody:signer', TagValue: 'privacy' }],
      });
      // The owner arranges what the executor does elsewhere; what he may not arrange nobody may.
      const scene: Scene = {
        sandbox,
        executor: { ...owner, ok: async () => ({ GrantId: 'f'.repeat(64) }) },
        policy,
        KeyId,
        wait,
      };
      const members = EXTERNAL.includes(operation) ? importMembers : await ARRANGED[operation](scene);
      if (operation === 'CancelKeyDeletion') await owner.ok('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
      const input = inputOf(operation, KeyId, members);
      const others = PROFILES.filter((profile) => profile !== 'privacy');
      expect(await tryAll(scene, operation, input, others)).toEqual(allDenied(others));
      expect(await owner.code(operation, input)).toBe(OWN.includes(operation) ? null : DENIED);
    },
  );

  const importMembers = {
    WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
    WrappingKeySpec: 'RSA_2048',
    ImportToken: 'AAAA',
    EncryptedKeyMaterial: 'AAAA',
  };
});

test('T47 the profiles work: each is known, and the service may use the key', async () => {
  const policy = synthesizeKeyPolicy(policyInput);
  const { sandbox, KeyId } = await setScene('Encrypt', policy);
  for (const profile of PROFILES) {
    expect(
      (await call(sandbox, { key: keyOf(sandbox, profile), service: 'sts' }, 'GetCallerIdentity')).code,
    ).toBeNull();
  }
  const scene = { sandbox } as Scene;
  const codes = await tryAll(scene, 'Encrypt', { KeyId, Plaintext: 'eA==' }, PROFILES);
  expect(codes).toEqual({ ...allDenied(PROFILES), service: null });
  const made = await tryAll(scene, 'CreateKey', {}, PROFILES);
  // A seat makes keys to sign with alone. What others make is their business; custody's keys it does not touch.
  const refused = Object.entries(made).filter(([, code]) => code !== null);
  expect(refused).toEqual(['architect', 'privacy', 'deputy', 'service'].map((profile) => [profile, DENIED]));
});

test('T47 no operation that the sandbox offers is missing above', () => {
  const HARMLESS =
    `Decrypt DeriveSharedSecret DescribeKey Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext
    GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom GetKeyLastUsage GetKeyPolicy GetKeyRotationStatus
    GetPublicKey ListAliases ListGrants ListKeyPolicies ListKeyRotations ListKeys ListResourceTags ListRetirableGrants
    ReEncrypt Sign Verify VerifyMac`.split(/\s+/);
  const known = ['CreateKey', ...HARMLESS, ...MUTATING_OPERATIONS].map((operation) => `kms.${operation}`).sort();
  expect(offeredOperations().filter((name) => name.startsWith('kms.'))).toEqual(known);
});
