import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { type AccountRoles, accountRolesOf } from '../../../src/lib/policy/account-roles.js';
import { parsePolicy } from '../../../src/lib/policy/document.js';
import { type EvaluationInput, evaluate, FULL_ACCESS } from '../../../src/lib/policy/evaluate.js';
import { resourceControlPolicy, serviceControlPolicy } from '../../../src/lib/policy/organization.js';
import {
  auditorRolePolicy,
  automationRolePolicy,
  coldExecutorRolePolicy,
  custodianRolePolicy,
  drillRolePolicy,
  executorRolePolicy,
} from '../../../src/lib/policy/role-policies.js';
import {
  coldExecutorTrustPolicy,
  custodianTrustPolicy,
  type Entrance,
  executorTrustPolicy,
  subjectTrustPolicy,
} from '../../../src/lib/policy/trust-policies.js';
import { ACCOUNT, KEY, principalOf } from './cases.js';
import { roleArn, seatsOf } from './interlock-cases.js';
import { mutantsOf } from './mutants.js';

const EXECUTOR = 'custody-7f3a9c12-executor';
const ROSTER = {
  repository: '0123456789abcdef',
  executorRoleArn: roleArn(EXECUTOR),
  custodians: seatsOf(3),
  automation: [{ id: 'ci', owner: 'architect', roleArn: roleArn('custody-7f3a9c12-ci') }],
} as unknown as Parameters<typeof accountRolesOf>[0];
const ROLES: AccountRoles = accountRolesOf(ROSTER);
const KEYS = ['root', 'case-data', 'audit-ledger', 'telemetry-short', 'webauthn'];
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/idp.example.com`;
const OIDC: Entrance = { type: 'oidc', providerArn: PROVIDER, audience: 'custody', subject: '00u1a' };
const SAML: Entrance = { type: 'saml', providerArn: `arn:aws:iam::${ACCOUNT}:saml-provider/idp`, subject: 'jane' };
const CI: Entrance = {
  ...OIDC,
  providerArn: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`,
  subject: 'repo:acme/keys:environment:custody',
};

/** `never`: denied outright, so that no other statement could allow it. */
type Expected = boolean | 'never';
type Probe = Partial<EvaluationInput> & { readonly action: string; readonly as: string; readonly allowed: Expected };
const ask = (as: string, action: string, resource: string, context: EvaluationInput['context'], allowed: Expected) => ({
  as,
  action,
  resource,
  context,
  allowed,
});

/** How a text is asked: as an identity policy, a trust policy, or from above an account that allows everything. */
type Kind = 'identity' | 'trust' | 'scp' | 'rcp';

function keeps(kind: Kind, text: string, { as, action, resource = KEY, context = {}, allowed }: Probe): boolean {
  const policy = parsePolicy(text, kind);
  const levels = [[FULL_ACCESS], [FULL_ACCESS, policy]];
  const decision = evaluate({
    action,
    resource,
    context,
    principal: principalOf(as),
    resourceIsAuthority: kind === 'trust',
    ...(kind === 'identity' ? { identityPolicies: [policy] } : { identityPolicies: [FULL_ACCESS] }),
    ...(kind === 'trust' ? { resourcePolicy: policy, identityPolicies: [] } : {}),
    ...(kind === 'scp' ? { serviceControlPolicies: levels } : {}),
    ...(kind === 'rcp' ? { resourceControlPolicies: levels } : {}),
  });
  return allowed === 'never' ? decision.reason === 'explicit-deny' : decision.allowed === allowed;
}

const SELF = { 'aws:SourceIdentity': 'architect' };
const slots = (...keys: string[]) => ({ ...SELF, 'aws:TagKeys': keys });
const seat = 'role/SecurityArchitect';
const bySeat = (...args: [string, string, EvaluationInput['context'], boolean]) => ask(seat, ...args);
const COLD = roleArn('custody-7f3a9c12-cold');

const own = KEYS.flatMap((key) => [
  bySeat('iam:TagRole', ROLES.executor, slots(`custody:architect:${key}`), true),
  bySeat('iam:UntagRole', COLD, slots(`custody:architect:${key}`), true),
]);
const keeping = (as: string, self: string, other: string) => [
  ask(as, 'iam:UntagRole', self, { 'aws:TagKeys': ['custody:architect:root', 'custody:privacy:root'] }, true),
  ask(as, 'iam:UntagRole', self, { 'aws:TagKeys': ['team'] }, false),
  ask(as, 'iam:UntagRole', self, {}, false),
  ask(as, 'iam:UntagRole', other, { 'aws:TagKeys': ['custody:architect:root'] }, false),
  ask(as, 'iam:TagRole', self, { 'aws:TagKeys': ['custody:architect:root'] }, false),
  ask(as, 'iam:GetRole', self, {}, true),
  ask(as, 'iam:ListRoleTags', self, {}, true),
  ask(as, 'kms:PutKeyPolicy', KEY, {}, false),
];
const reading = (as: string, executors: readonly string[], others: readonly string[], actions: readonly string[]) =>
  [...executors, ...others].flatMap((role) => actions.map((action) => ask(as, action, role, {}, true)));
const everyRole = ROLES.seats.map(({ roleArn: arn }) => arn).concat(roleArn('custody-7f3a9c12-ci'));
const REPOSITORY = { 'aws:RequestTag/custody:repository': '0123456789abcdef' };
const ALIAS = `arn:aws:kms:us-east-1:${ACCOUNT}:alias/root`;

const enter = (as: string, context: EvaluationInput['context'], allowed: Expected, action = 'sts:AssumeRole') =>
  ask(as, action, ROLES.executor, context, allowed);
const seatDoors = ROLES.seats.flatMap(({ id, roleArn: arn }) =>
  ['architect', 'privacy', 'deputy', 'ci'].flatMap((identity) => [
    enter(arn.split(':')[5] ?? '', { 'aws:SourceIdentity': identity }, identity === id),
    enter(arn.split(':')[5] ?? '', { 'aws:SourceIdentity': identity }, identity === id, 'sts:SetSourceIdentity'),
  ]),
);
const noTags = [
  enter(seat, SELF, 'never', 'sts:TagSession'),
  ask(`federated/${PROVIDER}`, 'sts:TagSession', ROLES.executor, {}, 'never'),
];
const ciDoor = (context: EvaluationInput['context'], allowed: boolean) => [
  enter('role/custody-7f3a9c12-ci', context, allowed),
  enter('role/custody-7f3a9c12-ci', context, allowed, 'sts:SetSourceIdentity'),
];
const door = (
  action: string,
  providerArn: string,
  keys: Readonly<Record<string, string>>,
  identity: boolean,
): readonly Probe[] => {
  const actions = [action, ...(identity ? ['sts:SetSourceIdentity'] : [])];
  const by = (context: EvaluationInput['context'], allowed: boolean) =>
    actions.map((one) => ask(`federated/${providerArn}`, one, roleArn('SecurityArchitect'), context, allowed));
  const missing = Object.keys(keys).flatMap((name) => {
    const { [name]: _, ...rest } = keys;
    return [...by(rest, false), ...by({ ...rest, [name]: 'other' }, false)];
  });
  return [...by(keys, true), ...missing];
};

const FROZEN = [...everyRole, ROLES.executor, COLD, ROLES.auditor, ROLES.installer];
const byAdmin = (...args: [string, string, EvaluationInput['context'], boolean]) => ask('user/admin', ...args);
const byInstaller = (...args: [string, string, EvaluationInput['context'], boolean]) =>
  ask('role/custody-7f3a9c12-installer', ...args);
const keyTag = { 'aws:ResourceTag/custody:repository': '0123456789abcdef' };
const byDrill = (...args: [string, string, EvaluationInput['context'], boolean]) => ask('role/custody-drill', ...args);
const scratchRequest = { 'aws:RequestTag/custody:drill': '00' };
const KEY_CHANGES = (JSON.parse(resourceControlPolicy(ROLES, null)) as { Statement: [{ Action: string[] }] })
  .Statement[0].Action;

const PROVIDER_CHANGES = [
  'iam:CreateSAMLProvider',
  'iam:UpdateSAMLProvider',
  'iam:DeleteSAMLProvider',
  'iam:CreateOpenIDConnectProvider',
  'iam:DeleteOpenIDConnectProvider',
  'iam:AddClientIDToOpenIDConnectProvider',
  'iam:UpdateOpenIDConnectProviderThumbprint',
];

/** Each generated policy of the account and the organization, with what it must come to. */
const POLICIES: readonly (readonly [string, Kind, string, readonly Probe[]])[] = [
  [
    'custodian-role',
    'identity',
    custodianRolePolicy(ROLES, 'architect', KEYS),
    [
      ...own,
      bySeat('iam:TagRole', COLD, slots('custody:architect:root'), true),
      bySeat('iam:TagRole', ROLES.executor, slots('custody:architect:drill-cycle'), true),
      bySeat('iam:TagRole', ROLES.executor, slots('custody:privacy:drill-cycle'), false),
      bySeat('iam:UntagRole', ROLES.executor, slots('custody:architect:root', 'custody:architect:webauthn'), true),
      bySeat('iam:TagRole', ROLES.executor, slots('custody:architect:root', 'custody:privacy:root'), false),
      bySeat('iam:TagRole', ROLES.executor, slots('Custody:Architect:Root'), false),
      bySeat('iam:TagRole', ROLES.executor, slots('custody:architect:other'), false),
      bySeat('iam:TagRole', ROLES.executor, SELF, false),
      bySeat('iam:TagRole', ROLES.executor, { 'aws:TagKeys': ['custody:architect:root'] }, false),
      bySeat('iam:TagRole', ROLES.executor, { ...slots('custody:architect:root'), 'aws:SourceIdentity': 'x' }, false),
      bySeat('iam:TagRole', roleArn('other'), slots('custody:architect:root'), false),
      ...reading(seat, [ROLES.executor, COLD], everyRole, ['iam:ListRoleTags']),
      // Whom a key policy names is told by unique ids, in backups too.
      ...[ROLES.executor, roleArn('any')].map((role) => bySeat('iam:GetRole', role, {}, true)),
      bySeat('iam:GetRole', roleArn('any').replace(':iam::', ':iam::9'), {}, false),
      ...[ROLES.executor, COLD].flatMap((role) => [
        bySeat('sts:AssumeRole', role, {}, true),
        bySeat('sts:SetSourceIdentity', role, {}, true),
      ]),
      bySeat('sts:AssumeRole', roleArn('PrivacyEngineer'), {}, false),
      ...['kms:ListKeys', 'kms:ListAliases', 'cloudtrail:LookupEvents'].map((action) => bySeat(action, '*', {}, true)),
      bySeat('kms:CreateKey', '*', { 'kms:KeyUsage': 'SIGN_VERIFY' }, true),
      bySeat('kms:CreateKey', '*', { 'kms:KeyUsage': 'ENCRYPT_DECRYPT' }, false),
      bySeat('kms:TagResource', KEY, { 'aws:TagKeys': ['custody:signer'] }, true),
      bySeat('kms:TagResource', KEY, { 'aws:TagKeys': ['custody:signer', 'custody:repository'] }, false),
      bySeat('kms:TagResource', KEY, {}, false),
    ],
  ],
  [
    'executor-role',
    'identity',
    executorRolePolicy(ROLES),
    [
      ...keeping(`role/${EXECUTOR}`, ROLES.executor, COLD),
      ...['kms:ListKeys', 'kms:ListAliases'].map((action) => ask(`role/${EXECUTOR}`, action, '*', {}, true)),
      ask(`role/${EXECUTOR}`, 'kms:CreateKey', '*', REPOSITORY, true),
      ask(`role/${EXECUTOR}`, 'kms:TagResource', KEY, REPOSITORY, true),
      ask(`role/${EXECUTOR}`, 'kms:CreateKey', '*', {}, false),
      ask(`role/${EXECUTOR}`, 'kms:CreateKey', '*', { 'aws:RequestTag/custody:repository': 'another' }, false),
      ...['kms:CreateAlias', 'kms:UpdateAlias', 'kms:DeleteAlias'].flatMap((action) => [
        ask(`role/${EXECUTOR}`, action, ALIAS, {}, true),
        ask(`role/${EXECUTOR}`, action, KEY, {}, false),
      ]),
    ],
  ],
  ['cold-role', 'identity', coldExecutorRolePolicy(ROLES), keeping('role/custody-7f3a9c12-cold', COLD, ROLES.executor)],
  [
    'automation-role',
    'identity',
    automationRolePolicy(ROLES),
    [
      ...reading('role/custody-7f3a9c12-ci', [ROLES.executor], everyRole, ['iam:ListRoleTags']),
      ask('role/custody-7f3a9c12-ci', 'iam:GetRole', roleArn('any'), {}, true),
      ...['sts:AssumeRole', 'sts:SetSourceIdentity'].flatMap((action) => [
        ask('role/custody-7f3a9c12-ci', action, ROLES.executor, {}, true),
        ask('role/custody-7f3a9c12-ci', action, COLD, {}, false),
      ]),
      ...['kms:ListKeys', 'kms:ListAliases'].map((action) => ask('role/custody-7f3a9c12-ci', action, '*', {}, true)),
      ask('role/custody-7f3a9c12-ci', 'iam:TagRole', ROLES.executor, slots('custody:architect:root'), false),
    ],
  ],
  [
    'auditor-role',
    'identity',
    auditorRolePolicy(ROLES),
    [
      ...reading('role/a', [ROLES.executor, COLD], everyRole, [
        'iam:GetRole',
        'iam:GetRolePolicy',
        'iam:ListAttachedRolePolicies',
        'iam:ListRolePolicies',
        'iam:ListRoleTags',
      ]),
      ...[
        'iam:GetAccountAuthorizationDetails',
        'iam:GetOpenIDConnectProvider',
        'iam:GetPolicy',
        'iam:GetPolicyVersion',
        'iam:GetSAMLProvider',
        'kms:ListKeys',
        'kms:ListAliases',
        'cloudtrail:LookupEvents',
      ].map((action) => ask('role/a', action, '*', {}, true)),
      ask('role/a', 'iam:TagRole', ROLES.executor, slots('custody:architect:root'), false),
      ask('role/a', 'sts:AssumeRole', ROLES.executor, {}, false),
    ],
  ],
  [
    'drill-role',
    'identity',
    drillRolePolicy(ROLES),
    [
      ...['kms:Decrypt', 'kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'].flatMap((action) => [
        byDrill(action, KEY, { 'kms:EncryptionContext:custody:canary': 'root' }, true),
        byDrill(action, KEY, { 'kms:EncryptionContext:custody:purpose': 'root' }, false),
        byDrill(action, KEY, {}, false),
      ]),
      ...['kms:ListAliases', 'kms:ListKeys'].map((action) => byDrill(action, '*', {}, true)),
      ...['kms:DescribeKey', 'kms:ListResourceTags'].map((action) => byDrill(action, KEY, {}, true)),
      ...['kms:CreateKey', 'kms:TagResource'].flatMap((action) => [
        byDrill(action, '*', { ...scratchRequest, 'aws:TagKeys': ['custody:drill'] }, true),
        byDrill(action, '*', { ...scratchRequest, 'aws:TagKeys': ['custody:drill', 'custody:repository'] }, false),
        byDrill(action, '*', { 'aws:TagKeys': ['custody:repository'] }, false),
        byDrill(action, '*', {}, false),
      ]),
      // A tag is soon set: what has it is not deleted by this policy, but by the key's own.
      ...['kms:GetKeyPolicy', 'kms:ScheduleKeyDeletion'].flatMap((action) => [
        byDrill(action, KEY, { 'aws:ResourceTag/custody:drill': '00' }, false),
        byDrill(action, KEY, keyTag, false),
      ]),
      ...['kms:PutKeyPolicy', 'kms:CreateGrant', 'kms:DisableKey', 'kms:GenerateDataKey'].map((action) =>
        byDrill(action, KEY, { 'kms:EncryptionContext:custody:canary': 'root' }, false),
      ),
      byDrill('sts:AssumeRole', ROLES.executor, {}, false),
      byDrill('iam:TagRole', ROLES.executor, slots('custody:architect:root'), false),
    ],
  ],
  [
    'custodian-trust-oidc',
    'trust',
    custodianTrustPolicy('architect', OIDC),
    [
      ...door(
        'sts:AssumeRoleWithWebIdentity',
        PROVIDER,
        { 'idp.example.com:aud': 'custody', 'idp.example.com:sub': '00u1a', 'sts:SourceIdentity': 'architect' },
        true,
      ),
      ...noTags,
    ],
  ],
  [
    'custodian-trust-saml',
    'trust',
    custodianTrustPolicy('architect', SAML),
    [
      ...door(
        'sts:AssumeRoleWithSAML',
        `arn:aws:iam::${ACCOUNT}:saml-provider/idp`,
        {
          'SAML:aud': 'https://signin.aws.amazon.com/saml',
          'SAML:sub': 'jane',
          'SAML:sub_type': 'persistent',
          'sts:SourceIdentity': 'architect',
        },
        true,
      ),
      ...noTags,
    ],
  ],
  [
    'custodian-trust-role',
    'trust',
    custodianTrustPolicy('architect', { type: 'role', roleArn: roleArn('people') }),
    [
      enter('role/people', { 'sts:SourceIdentity': 'architect' }, true),
      enter('role/people', { 'sts:SourceIdentity': 'architect' }, true, 'sts:SetSourceIdentity'),
      enter('role/people', { 'sts:SourceIdentity': 'privacy' }, false),
      enter('role/people', {}, false),
      enter('role/other', { 'sts:SourceIdentity': 'architect' }, false),
      ...noTags,
    ],
  ],
  [
    'automation-trust',
    'trust',
    subjectTrustPolicy(CI),
    [
      ...noTags,
      ...door(
        'sts:AssumeRoleWithWebIdentity',
        `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`,
        {
          'token.actions.githubusercontent.com:aud': 'custody',
          'token.actions.githubusercontent.com:sub': 'repo:acme/keys:environment:custody',
        },
        false,
      ),
    ],
  ],
  [
    'executor-trust',
    'trust',
    executorTrustPolicy(ROLES),
    [
      ...seatDoors,
      ...ciDoor({ 'sts:SourceIdentity': 'ci' }, true),
      ...ciDoor({ 'sts:SourceIdentity': 'architect' }, false),
      ...ciDoor({ 'sts:SourceIdentity': 'ci', 'aws:SourceIdentity': 'architect' }, false),
      ...noTags,
    ],
  ],
  [
    'cold-trust',
    'trust',
    coldExecutorTrustPolicy(ROLES),
    [...seatDoors, ...ciDoor({ 'sts:SourceIdentity': 'ci' }, false), ...noTags],
  ],
  [
    'scp',
    'scp',
    serviceControlPolicy(ROLES, [roleArn('break-glass')]),
    [
      ...[...FROZEN, roleArn('break-glass')].flatMap((role) => [
        byAdmin('iam:UpdateAssumeRolePolicy', role, {}, false),
        byAdmin('iam:DeleteRole', role, {}, false),
        byAdmin('iam:SomethingLater', role, {}, false),
        byAdmin('iam:GetRole', role, {}, true),
        byAdmin('iam:ListRoleTags', role, {}, true),
        byInstaller('iam:UpdateAssumeRolePolicy', role, {}, true),
        byAdmin('iam:TagRole', role, { 'aws:TagKeys': ['custody:architect:root'], ...SELF }, false),
        byInstaller('iam:TagRole', role, { 'aws:TagKeys': ['custody:architect:root'], ...SELF }, false),
        byAdmin('iam:UntagRole', role, { 'aws:TagKeys': ['custody:architect:root'] }, false),
        bySeat('iam:TagRole', role, slots('custody:privacy:root'), false),
        bySeat('iam:TagRole', role, slots('custody:architect:root', 'custody:privacy:root'), false),
        bySeat('iam:TagRole', role, slots('custody:architect:root'), true),
      ]),
      ...[...ROLES.seats.map(({ roleArn: arn }) => arn), ROLES.executor, COLD].map((arn) =>
        ask(
          arn.split(':')[5] ?? '',
          'iam:UntagRole',
          ROLES.executor,
          { 'aws:TagKeys': ['custody:privacy:root'] },
          true,
        ),
      ),
      byAdmin('iam:DeleteRole', roleArn('app'), {}, true),
      byAdmin('iam:TagRole', roleArn('app'), { 'aws:TagKeys': ['team'] }, true),
      ...['sts:AssumeRole', 'sts:AssumeRoleWithSAML', 'sts:AssumeRoleWithWebIdentity', 'sts:SetSourceIdentity'].map(
        (action) => bySeat(action, ROLES.executor, {}, true),
      ),
      bySeat('sts:TagSession', ROLES.executor, {}, false),
      ...PROVIDER_CHANGES.flatMap((action) => [byAdmin(action, '*', {}, false), byInstaller(action, '*', {}, true)]),
    ],
  ],
  [
    'rcp',
    'rcp',
    resourceControlPolicy(ROLES, 'o-a1b2c3d4e5'),
    [
      ...KEY_CHANGES.flatMap((action) => [
        ask('user/admin', action, KEY, { ...keyTag, 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' }, false),
        ask('user/admin', action, KEY, { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' }, true),
        ask(`role/${EXECUTOR}`, action, KEY, { ...keyTag, 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' }, true),
        ask('role/custody-7f3a9c12-cold', action, KEY, { ...keyTag, 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' }, true),
      ]),
      bySeat('kms:CancelKeyDeletion', KEY, { ...keyTag, 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' }, true),
      ask('role/app', 'kms:Decrypt', KEY, { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' }, true),
      ask('role/app', 'kms:Decrypt', KEY, { 'aws:PrincipalOrgID': 'o-other00000' }, false),
      ask('role/app', 'kms:Decrypt', KEY, { 'aws:PrincipalIsAWSService': 'true' }, true),
    ],
  ],
];

describe.each(POLICIES)('%s', (name, kind, text, probes) => {
  it('is the golden text', async () => {
    await expect(`${text}\n`).toMatchFileSnapshot(`../../golden/policies/account/${name}.json`);
  });

  it('keeps every claim, and breaks one without any single part of it', () => {
    expect(probes.filter((probe) => !keeps(kind, text, probe))).toEqual([]);
    const survivors = mutantsOf(text).filter((mutant) => probes.every((probe) => keeps(kind, mutant.policy, probe)));
    expect(survivors.map(({ what }) => what)).toEqual([]);
  });
});

describe('the order of the input', () => {
  it('changes nothing', () => {
    const reversed = accountRolesOf({ ...ROSTER, custodians: [...ROSTER.custodians].reverse() });
    expect(executorTrustPolicy(reversed)).toBe(executorTrustPolicy(ROLES));
    expect(serviceControlPolicy(reversed)).toBe(serviceControlPolicy(ROLES));
    expect(custodianRolePolicy(reversed, 'architect', [...KEYS].reverse())).toBe(
      custodianRolePolicy(ROLES, 'architect', KEYS),
    );
  });
});

describe('refused', () => {
  const codeOf = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      if (error instanceof CustodyError) return error.code;
    }
    return undefined;
  };
  const doors: readonly (readonly [string, Entrance])[] = [
    ['any subject', { ...OIDC, subject: '*' }],
    ['a variable for a subject', { ...OIDC, subject: `$${'{'}aws:username}` }],
    ['any audience', { ...OIDC, audience: '*' }],
    ['no subject', { ...SAML, subject: '' }],
    ['a SAML provider as an OIDC one', { ...OIDC, providerArn: SAML.type === 'saml' ? SAML.providerArn : '' }],
    ['every provider', { ...SAML, providerArn: '*' }],
    ['an account in place of a role', { type: 'role', roleArn: `arn:aws:iam::${ACCOUNT}:root` }],
  ];
  it.each(doors)('%s', (_, entrance) => {
    expect(codeOf(() => custodianTrustPolicy('architect', entrance))).toBe('PLAN_INVALID');
  });

  it('T57 more keys than the executor has tags for', () => {
    const keys = Array.from({ length: 17 }, (_, at) => `key${at}`);
    expect(codeOf(() => custodianRolePolicy(ROLES, 'architect', keys))).toBe('LIMIT_EXCEEDED');
    expect(codeOf(() => custodianRolePolicy(ROLES, 'architect', keys.slice(1)))).toBeUndefined();
  });

  it('another id than an organization has', () => {
    expect(codeOf(() => resourceControlPolicy(ROLES, '*'))).toBe('PLAN_INVALID');
  });

  it('organization policies that AWS would not take', () => {
    const many = Array.from({ length: 60 }, (_, at) => roleArn(`a-long-name-of-a-break-glass-role-${at}`));
    expect(codeOf(() => serviceControlPolicy(ROLES, many))).toBe('LIMIT_EXCEEDED');
  });
});
