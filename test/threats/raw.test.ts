import { beforeAll, expect, it } from 'vitest';
import { answerOf, type Key, requestOf } from '../lib/sandbox/support.js';
import {
  COLD,
  clearSlots,
  EXECUTOR,
  HOME,
  type Installed,
  install,
  nameOf,
  roleArn,
  SEATS,
  setSlots,
  slotOf,
} from '../support/installed.js';

/** The attacks of the bypass, each with the tool left out: IAM, STS and KMS alone say no. */

type Input = Record<string, unknown>;
let at: Installed;
beforeAll(async () => {
  at = await install({ names: ['root', 'case-data', 'webauthn'] });
});

/** What STS says to a token of the identity provider. */
async function knock(
  subject: string,
  role: string,
  wish: { sourceIdentity?: string; tags?: Record<string, string> } = {},
) {
  const input = {
    RoleArn: role,
    RoleSessionName: 'knock',
    WebIdentityToken: at.sandbox.issueToken({ subject, ...wish }),
  };
  const request = requestOf('sts', 'AssumeRoleWithWebIdentity', input);
  const headers = { ...request.headers, host: `sts.${HOME}.amazonaws.com` };
  return answerOf(await at.sandbox.handle({ ...request, headers, sourceIp: '127.0.0.1' })).code;
}

const into = async (by: Key, input: Input) => (await at.assume(by, input)).answer.code;
const both = async () => [await at.enter('architect'), await at.enter('privacy')] as const;
const asExecutor = async (who: string) => (await at.assume(await at.enter(who))).session;

it('T22 T52 one subject is one seat under one name, and brings no approvals along', async () => {
  expect(await knock('architect', roleArn('architect'), { sourceIdentity: 'architect' })).toBeNull();
  expect(await knock('architect', roleArn('architect'), { sourceIdentity: 'privacy' })).toBe('AccessDenied');
  expect(await knock('architect', roleArn('architect'))).toBe('AccessDenied');
  expect(await knock('architect', roleArn('privacy'), { sourceIdentity: 'privacy' })).toBe('AccessDenied');
  expect(await knock('architect', roleArn('privacy'), { sourceIdentity: 'architect' })).toBe('AccessDenied');
  const planted = { 'custody:privacy:root': 'x' };
  expect(await knock('architect', roleArn('architect'), { sourceIdentity: 'architect', tags: planted })).toBe(
    'AccessDenied',
  );
  const architect = await at.enter('architect');
  expect(await into(architect, {})).toBeNull();
  expect(await into(architect, { SourceIdentity: 'privacy' })).not.toBeNull();
  expect(await into(architect, { Tags: [{ Key: 'custody:privacy:root', Value: 'x' }] })).toBe('AccessDenied');
});

it('T22 T63 automation approves nothing, and is nobody but itself', async () => {
  const ci = await at.enter('ci');
  for (const RoleArn of [EXECUTOR, COLD]) {
    for (const seat of SEATS) {
      const Tags = [slotOf(at.keyOf('root'), seat, { class: 'rotate', region: HOME, executor: 'ci' })];
      expect((await at.ask(ci, 'iam', 'TagRole', { RoleName: nameOf(RoleArn), Tags })).code).toBe('AccessDenied');
      expect(await into(ci, { RoleArn, SourceIdentity: seat })).toBe('AccessDenied');
    }
    expect(await into(ci, { RoleArn })).toBe('AccessDenied');
  }
  expect(await into(ci, { RoleArn: COLD, SourceIdentity: 'ci' })).toBe('AccessDenied');
  expect(await into(ci, { SourceIdentity: 'ci' })).toBeNull();
  // Another workflow, another branch, an environment that is not protected.
  for (const subject of ['ci', 'project_path:acme/keys:ref_type:branch:ref:fork:environment_protected:true'])
    expect(await knock(subject, roleArn('ci'))).toBe('AccessDenied');
});

it('T50 a policy that locks the executor out is not put, not even with the check bypassed', async () => {
  const key = at.keyOf('root');
  const executor = await asExecutor('deputy');
  await setSlots(at, await both(), key, { class: 'policy', region: HOME, executor: 'deputy' });
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: roleArn('app') }, Action: 'kms:Decrypt', Resource: '*' },
  });
  const put = async (more: Input, text = Policy) =>
    (await at.ask(executor, 'kms', 'PutKeyPolicy', { KeyId: key.keyId, PolicyName: 'default', Policy: text, ...more }))
      .code;
  expect(await put({})).toBe('MalformedPolicyDocumentException');
  expect(await put({ BypassPolicyLockoutSafetyCheck: true })).toBe('AccessDeniedException');
  expect(await put({}, at.policyOf('root', HOME))).toBeNull();
  await clearSlots(at, executor, key);
});

it('T27 T29 T55 a slot is taken back by its seat, and swept by whoever executes; nobody else takes one away', async () => {
  const key = at.keyOf('root');
  const [architect, privacy] = await both();
  await setSlots(at, [architect, privacy], key, { class: 'rotate', region: HOME, executor: 'deputy' });
  const untag = async (by: Key, seat: string) =>
    (await at.ask(by, 'iam', 'UntagRole', { RoleName: nameOf(EXECUTOR), TagKeys: [`custody:${seat}:root`] })).code;
  for (const name of ['admin', 'outsider', 'service', 'auditor', 'installer', 'ci', 'deputy'])
    expect([name, await untag(await at.enter(name), 'privacy')]).toEqual([name, 'AccessDenied']);
  expect(await untag(architect, 'privacy')).toBe('AccessDenied');
  expect(await untag(privacy, 'privacy')).toBeNull();
  // One veto is enough, and one seat cannot make up for it.
  const executor = await asExecutor('deputy');
  expect((await at.ask(executor, 'kms', 'RotateKeyOnDemand', { KeyId: key.keyId })).code).toBe('AccessDeniedException');
  expect(await untag(executor, 'architect')).toBeNull();
});

it('T55 a slot that was left behind lets its call through once more: so it is cleared after every run', async () => {
  const key = at.keyOf('root');
  const executor = await asExecutor('deputy');
  const rotate = async () => (await at.ask(executor, 'kms', 'RotateKeyOnDemand', { KeyId: key.keyId })).code;
  await setSlots(at, await both(), key, { class: 'rotate', region: HOME, executor: 'deputy' });
  expect(await rotate()).toBeNull();
  at.wait(600);
  expect(await rotate()).toBeNull();
  await clearSlots(at, executor, key);
  at.wait(60);
  expect(await rotate()).toBe('AccessDeniedException');
});

it('T56 nobody takes a ciphertext to a key of one’s own, not even its user', async () => {
  const context = { 'custody:purpose': 'case-data' };
  const key = at.keyOf('case-data');
  const service = await at.enter('service');
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' },
  });
  const made = await at.must(await at.enter('admin'), 'kms', 'CreateKey', { Policy });
  const DestinationKeyId = (JSON.parse(made.text) as { KeyMetadata: { KeyId: string } }).KeyMetadata.KeyId;
  const wanted = { KeyId: key.keyId, KeySpec: 'AES_256', EncryptionContext: context };
  const { text } = await at.must(service, 'kms', 'GenerateDataKeyWithoutPlaintext', wanted);
  const { CiphertextBlob } = JSON.parse(text) as Input;
  const move = { CiphertextBlob, SourceEncryptionContext: context, DestinationKeyId };
  for (const who of ['service', ...SEATS, 'admin', 'outsider', 'auditor', 'installer']) {
    const { code } = await at.ask(await at.enter(who), 'kms', 'ReEncrypt', move);
    expect([who, code]).toEqual([who, 'AccessDeniedException']);
  }
  // A grant of a quorum to decrypt is not one to carry away.
  const executor = await asExecutor('deputy');
  await setSlots(at, await both(), key, { class: 'grant', region: HOME, executor: 'deputy' });
  const grant = { KeyId: key.keyId, GranteePrincipal: roleArn('app'), Operations: ['ReEncryptFrom'] };
  await at.must(executor, 'kms', 'CreateGrant', grant);
  await clearSlots(at, executor, key);
  at.wait(600);
  expect((await at.ask(service, 'kms', 'ReEncrypt', move)).code).toBe('AccessDeniedException');
});

it('T58 the cold executor puts a policy when the executor is gone, under the same quorum', async () => {
  const key = at.keyOf('webauthn');
  const seats = await both();
  const { session: cold } = await at.assume(await at.enter('deputy'), { RoleArn: COLD });
  const put = async () => {
    const input = { KeyId: key.keyId, PolicyName: 'default', Policy: at.policyOf('webauthn', HOME) };
    return (await at.ask(cold, 'kms', 'PutKeyPolicy', input)).code;
  };
  expect(await put()).toBe('AccessDeniedException');
  // Slots on the executor are none on the cold one.
  await setSlots(at, seats, key, { class: 'policy', region: HOME, executor: 'deputy' });
  expect(await put()).toBe('AccessDeniedException');
  await setSlots(at, seats, key, { class: 'policy', region: HOME, executor: 'deputy' }, COLD);
  expect(await put()).toBeNull();
  expect((await at.ask(cold, 'kms', 'DisableKey', { KeyId: key.keyId })).code).toBe('AccessDeniedException');
  await clearSlots(at, cold, key, COLD);
  await clearSlots(at, await asExecutor('deputy'), key);
});

it('T61 the executor makes keys of this repository only, and marks no other as one', async () => {
  const executor = await asExecutor('deputy');
  const make = async (by: Key, Tags: readonly Input[], more: Input = {}) =>
    (await at.ask(by, 'kms', 'CreateKey', { Tags, ...more })).code;
  const tag = (TagValue: string) => [{ TagKey: 'custody:repository', TagValue }];
  expect(await make(executor, [])).toBe('AccessDeniedException');
  expect(await make(executor, tag('f'.repeat(16)))).toBe('AccessDeniedException');
  const architect = await at.enter('architect');
  expect(await make(architect, tag(at.team.roster.repository))).toBe('AccessDeniedException');
  const signer = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' };
  expect(await make(architect, tag(at.team.roster.repository), signer)).toBe('AccessDeniedException');
  // Nor does a quorum change whose key one is.
  const key = at.keyOf('root');
  await setSlots(at, await both(), key, { class: 'tag', region: HOME, executor: 'deputy' });
  const input = { KeyId: key.keyId, Tags: tag('f'.repeat(16)) };
  expect((await at.ask(executor, 'kms', 'TagResource', input)).code).toBe('AccessDeniedException');
  await clearSlots(at, executor, key);
});
