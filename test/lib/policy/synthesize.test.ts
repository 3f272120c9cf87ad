import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { parsePolicy } from '../../../src/lib/policy/document.js';
import { evaluate } from '../../../src/lib/policy/evaluate.js';
import {
  custodianSignerPolicy,
  type KeyPolicyInput,
  type KeyPolicyUser,
  MUTATING_OPERATIONS,
  synthesizeKeyPolicy,
} from '../../../src/lib/policy/synthesize.js';
import { validateKeyPolicy } from '../../../src/lib/policy/validate.js';
import { ACCOUNT, KEY, principalOf } from './cases.js';

const arn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const seats = [
  { id: 'architect', roleArn: arn('SecurityArchitect') },
  { id: 'privacy', roleArn: arn('PrivacyEngineer') },
  { id: 'deputy', roleArn: arn('SecurityArchitect-deputy') },
];
const base: KeyPolicyInput = {
  account: ACCOUNT,
  partition: 'aws',
  region: 'us-east-1',
  executorRoleArn: arn('custody-7f3a9c12-executor'),
  custodianRoleArns: seats.map((seat) => seat.roleArn),
  users: [],
};
const CONTEXT = { purpose: 'case-data', table: 'subjects' };
const CASE_SERVICE: KeyPolicyUser = {
  roleArn: arn('case-service'),
  operations: ['generate-data-key-without-plaintext', 'decrypt', 'describe'],
  encryptionContext: CONTEXT,
};
/** Neither may be let go: one never decrypts, the other only through a service. */
const WRITER: KeyPolicyUser = {
  roleArn: arn('case-writer'),
  operations: ['encrypt', 're-encrypt'],
  encryptionContext: CONTEXT,
};
const INPUTS: Readonly<Record<string, KeyPolicyInput>> = {
  root: {
    ...base,
    users: [{ roleArn: arn('key-wrapper'), operations: ['generate-data-key-without-plaintext', 'describe'] }],
    dualControlGrants: seats,
  },
  'case-data': {
    ...base,
    users: [
      {
        roleArn: arn('case-service'),
        operations: ['generate-data-key-without-plaintext', 'decrypt', 're-encrypt', 'describe'],
        encryptionContext: { purpose: 'case-data', table: 'subjects' },
      },
    ],
  },
  'audit-ledger': {
    ...base,
    users: [
      {
        roleArn: arn('ledger-writer'),
        operations: ['generate-data-key', 'encrypt'],
        encryptionContext: { purpose: 'audit' },
      },
      { roleArn: arn('ledger-auditor'), operations: ['decrypt'], encryptionContext: { purpose: 'audit' } },
    ],
  },
  'case-data-out': { ...base, users: [CASE_SERVICE, WRITER], move: 'out' },
  'case-data-in': { ...base, users: [CASE_SERVICE, WRITER], move: 'in' },
  webauthn: {
    ...base,
    users: [
      {
        roleArn: arn('webauthn'),
        operations: ['encrypt', 'decrypt', 'generate-data-key', 're-encrypt', 'describe'],
        viaService: 'dynamodb',
      },
    ],
  },
};

const VARIABLE = `$${'{aws:SourceIdentity}'}`;
const PROFILES = ['role/SecurityArchitect', 'role/PrivacyEngineer', 'role/case-service', 'role/outsider', 'root'];
const admin = parsePolicy(
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
  'admin',
);

function ask(policy: string, principal: string, operation: string, context: Record<string, string | string[]> = {}) {
  return evaluate({
    action: `kms:${operation}`,
    resource: KEY,
    principal: principalOf(principal),
    context,
    resourcePolicy: parsePolicy(policy, 'key policy'),
    resourceIsAuthority: true,
    identityPolicies: [admin],
  });
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof CustodyError) return error.code;
  }
  return undefined;
}

describe.each(Object.entries(INPUTS))('key policy of %s', (name, input) => {
  const policy = synthesizeKeyPolicy(input);

  it('is the golden text', async () => {
    await expect(`${policy}\n`).toMatchFileSnapshot(`../../golden/policies/${name}.json`);
  });

  it('does not depend on the order of its input', () => {
    const reversed = {
      ...input,
      custodianRoleArns: [...input.custodianRoleArns].reverse(),
      users: [...input.users].reverse().map((user) => ({ ...user, operations: [...user.operations].reverse() })),
      ...(input.dualControlGrants && { dualControlGrants: [...input.dualControlGrants].reverse() }),
    };
    expect(synthesizeKeyPolicy(reversed)).toBe(policy);
  });

  it('is one that KMS takes', () => {
    expect(validateKeyPolicy(policy)).toEqual([]);
  });

  it('T47 T49 lets only the executor change the key, account administrators and root user included', () => {
    for (const operation of MUTATING_OPERATIONS) {
      expect(ask(policy, 'role/custody-7f3a9c12-executor', operation).allowed).toBe(true);
      for (const profile of PROFILES) {
        const veto = operation === 'CancelKeyDeletion' && /Architect|Privacy/.test(profile);
        expect([operation, profile, ask(policy, profile, operation).allowed]).toEqual([operation, profile, veto]);
      }
    }
  });

  it('never lets a custodian or the executor use the key', () => {
    for (const profile of ['role/SecurityArchitect', 'role/custody-7f3a9c12-executor']) {
      for (const operation of ['Decrypt', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom']) {
        expect(ask(policy, profile, operation, { 'kms:ReEncryptOnSameKey': 'true' }).allowed).toBe(false);
      }
    }
  });

  it('denies the lock-out bypass even to the executor', () => {
    const bypass = { 'kms:BypassPolicyLockoutSafetyCheck': 'true' };
    expect(ask(policy, 'role/custody-7f3a9c12-executor', 'PutKeyPolicy', bypass).reason).toBe('explicit-deny');
    expect(ask(policy, 'role/custody-7f3a9c12-executor', 'ReplicateKey', bypass).reason).toBe('explicit-deny');
  });
});

describe('use', () => {
  const context = {
    'kms:EncryptionContext:purpose': 'case-data',
    'kms:EncryptionContext:table': 'subjects',
    'kms:ReEncryptOnSameKey': 'true',
  };
  const caseData = synthesizeKeyPolicy(INPUTS['case-data'] ?? base);

  it('wants the whole encryption context', () => {
    expect(ask(caseData, 'role/case-service', 'Decrypt', context).allowed).toBe(true);
    expect(
      ask(caseData, 'role/case-service', 'Decrypt', { ...context, 'kms:EncryptionContext:table': 'x' }).allowed,
    ).toBe(false);
    expect(ask(caseData, 'role/case-service', 'Decrypt').allowed).toBe(false);
    expect(ask(caseData, 'role/case-service', 'DescribeKey').allowed).toBe(true);
  });

  it('T56 re-encrypts only on the same key', () => {
    expect(ask(caseData, 'role/case-service', 'ReEncryptFrom', context).allowed).toBe(true);
    const elsewhere = { ...context, 'kms:ReEncryptOnSameKey': 'false' };
    expect(ask(caseData, 'role/case-service', 'ReEncryptFrom', elsewhere).reason).toBe('explicit-deny');
  });

  it('T56 lets go, for a move, exactly the roles that decrypt by calls of their own', () => {
    const elsewhere = { ...context, 'kms:ReEncryptOnSameKey': 'false' };
    const out = synthesizeKeyPolicy(INPUTS['case-data-out'] ?? base);
    expect(ask(out, 'role/case-service', 'ReEncryptFrom', elsewhere).allowed).toBe(true);
    expect(
      ask(out, 'role/case-service', 'ReEncryptFrom', { ...elsewhere, 'kms:EncryptionContext:table': 'x' }).allowed,
    ).toBe(false);
    for (const role of ['case-writer', 'SecurityArchitect', 'custody-7f3a9c12-executor', 'outsider'])
      expect(ask(out, `role/${role}`, 'ReEncryptFrom', elsewhere).reason).toBe('explicit-deny');
    const service = { ...CASE_SERVICE, viaService: 'dynamodb' };
    const both = { ...WRITER, roleArn: CASE_SERVICE.roleArn, encryptionContext: { purpose: 'other' } };
    const sealer: KeyPolicyUser = { ...WRITER, operations: ['encrypt'] };
    for (const users of [[service], [CASE_SERVICE, both], [WRITER], [sealer], []])
      expect(synthesizeKeyPolicy({ ...base, users, move: 'out' })).toBe(synthesizeKeyPolicy({ ...base, users }));
  });

  it('T56 lets ciphertexts come under the same context, and out of the new key nowhere', () => {
    const into = synthesizeKeyPolicy(INPUTS['case-data-in'] ?? base);
    expect(ask(into, 'role/case-service', 'ReEncryptTo', context).allowed).toBe(true);
    expect(
      ask(into, 'role/case-service', 'ReEncryptTo', { ...context, 'kms:EncryptionContext:table': 'x' }).allowed,
    ).toBe(false);
    expect(ask(into, 'role/case-service', 'ListResourceTags').allowed).toBe(true);
    expect(ask(into, 'role/case-writer', 'ListResourceTags').allowed).toBe(false);
    const elsewhere = { ...context, 'kms:ReEncryptOnSameKey': 'false' };
    expect(ask(into, 'role/case-service', 'ReEncryptFrom', elsewhere).reason).toBe('explicit-deny');
  });

  it('denies reading to a role that only writes', () => {
    const ledger = synthesizeKeyPolicy(INPUTS['audit-ledger'] ?? base);
    const audit = { 'kms:EncryptionContext:purpose': 'audit' };
    expect(ask(ledger, 'role/ledger-writer', 'GenerateDataKey', audit).allowed).toBe(true);
    expect(ask(ledger, 'role/ledger-writer', 'Decrypt', audit).reason).toBe('explicit-deny');
    expect(ask(ledger, 'role/ledger-auditor', 'Decrypt', audit).allowed).toBe(true);
  });

  it('lets an AWS service take grants, and only it', () => {
    const webauthn = synthesizeKeyPolicy(INPUTS.webauthn ?? base);
    const via = { 'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com', 'kms:GrantIsForAWSResource': 'true' };
    expect(ask(webauthn, 'role/webauthn', 'CreateGrant', via).allowed).toBe(true);
    expect(
      ask(webauthn, 'role/webauthn', 'CreateGrant', { ...via, 'kms:GrantIsForAWSResource': 'false' }).allowed,
    ).toBe(false);
    expect(ask(webauthn, 'role/webauthn', 'Decrypt', via).allowed).toBe(true);
    expect(ask(webauthn, 'role/webauthn', 'Decrypt').allowed).toBe(false);
  });

  it('keeps variables of a plan literal', () => {
    const users = [{ roleArn: arn('app'), operations: ['decrypt' as const], encryptionContext: { a: VARIABLE } }];
    const policy = synthesizeKeyPolicy({ ...base, users });
    const asked = (value: string) =>
      ask(policy, 'role/app', 'Decrypt', { 'aws:SourceIdentity': 'me', 'kms:EncryptionContext:a': value }).allowed;
    expect([asked('me'), asked(VARIABLE)]).toEqual([false, true]);
  });
});

describe('dual control of the root', () => {
  const root = synthesizeKeyPolicy(INPUTS.root ?? base);
  const grant = {
    'aws:SourceIdentity': 'architect',
    'kms:GranteePrincipal': arn('PrivacyEngineer'),
    'kms:RetiringPrincipal': arn('SecurityArchitect'),
    'kms:GrantConstraintType': 'EncryptionContextEquals',
    'kms:EncryptionContext:custody:purpose': 'unwrap',
    'kms:GrantOperations': ['Decrypt'],
  };
  const asked = (change: Record<string, string | string[]>) =>
    ask(root, 'role/SecurityArchitect', 'CreateGrant', { ...grant, ...change }).allowed;

  it('lets a seat grant another seat', () => {
    expect(asked({})).toBe(true);
  });

  it.each([
    ['itself', { 'kms:GranteePrincipal': arn('SecurityArchitect') }],
    ['an account', { 'kms:GranteePrincipal': `arn:aws:iam::${ACCOUNT}:root` }],
    ['more operations', { 'kms:GrantOperations': ['Decrypt', 'CreateGrant'] }],
    ['no operations', { 'kms:GrantOperations': [] }],
    ['another context', { 'kms:EncryptionContext:custody:purpose': 'export' }],
    ['another retiring principal', { 'kms:RetiringPrincipal': arn('PrivacyEngineer') }],
    ["another seat's identity", { 'aws:SourceIdentity': 'privacy' }],
  ])('does not let it grant %s', (_what, change) => {
    expect(asked(change)).toBe(false);
  });
});

describe('refusals', () => {
  const refuse = (change: Partial<KeyPolicyInput>) => codeOf(() => synthesizeKeyPolicy({ ...base, ...change }));

  it.each([
    ['T52 two seats on one role', { custodianRoleArns: [arn('A'), arn('A')] }],
    ['an executor of another account', { executorRoleArn: 'arn:aws:iam::444455556666:role/executor' }],
    ['an executor of another partition', { executorRoleArn: `arn:aws-cn:iam::${ACCOUNT}:role/executor` }],
    ['a wildcard', { custodianRoleArns: [arn('A*')] }],
    ['a session', { custodianRoleArns: [`arn:aws:sts::${ACCOUNT}:assumed-role/A/s`] }],
    ['an executor that is a custodian', { custodianRoleArns: [base.executorRoleArn] }],
    ['an executor that uses the key', { users: [{ roleArn: base.executorRoleArn, operations: ['decrypt' as const] }] }],
    ['dual control of one', { dualControlGrants: seats.slice(0, 1) }],
    [
      'context names that differ in case',
      { users: [{ roleArn: arn('a'), operations: ['decrypt' as const], encryptionContext: { a: '1', A: '2' } }] },
    ],
  ])('%s', (_what, change) => {
    expect(refuse(change)).toBe('PLAN_INVALID');
  });

  it('a policy beyond 32,768 bytes', () => {
    const users = Array.from({ length: 400 }, (_, at) => ({
      roleArn: arn(`service-${at}`),
      operations: ['decrypt' as const],
    }));
    expect(refuse({ users })).toBe('LIMIT_EXCEEDED');
  });
});

describe("a custodian's own signing key", () => {
  const policy = custodianSignerPolicy({ roleArn: arn('SecurityArchitect') });

  it('is the golden text and one that KMS takes', async () => {
    await expect(`${policy}\n`).toMatchFileSnapshot('../../golden/policies/signer.json');
    expect(validateKeyPolicy(policy)).toEqual([]);
  });

  it('lets that role sign and nobody else', () => {
    expect(ask(policy, 'role/SecurityArchitect', 'Sign').allowed).toBe(true);
    expect(ask(policy, 'role/PrivacyEngineer', 'Sign').allowed).toBe(false);
    expect(ask(policy, 'root', 'Sign').allowed).toBe(false);
    expect(ask(policy, 'role/SecurityArchitect', 'CreateGrant').allowed).toBe(false);
  });
});
