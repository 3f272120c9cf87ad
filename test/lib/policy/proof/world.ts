import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject, JsonValue } from '../../../../src/lib/base/canonical-json.js';
import { FULL_ACCESS } from '../../../../src/lib/policy/evaluate.js';
import type { AccountPrincipal, ProofClass, ProofKey, ProofSubject } from '../../../../src/lib/policy/proof/subject.js';
import { ACCOUNT, documentOf } from '../cases.js';

/** The texts of the approval interlock: `test/vectors/policy/interlock`. */
export type Texts = Readonly<Record<Name, JsonObject>>;
export const NAMES = [
  'key-policy',
  'custodian-role',
  'custodian-trust',
  'executor-role',
  'executor-trust',
  'scp',
] as const;
export type Name = (typeof NAMES)[number];

const DIR = join(import.meta.dirname, '../../../vectors/policy/interlock');
const read = (name: string) => JSON.parse(readFileSync(join(DIR, `${name}.json`), 'utf8')) as JsonObject;

export const arnOf = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
export const KEY_ID = 'mrk-0123456789abcdef0123456789abcdef';
export const SEATS = [
  { id: 'architect', roleArn: arnOf('SecurityArchitect'), sub: '00u1a' },
  { id: 'privacy', roleArn: arnOf('PrivacyEngineer'), sub: '00u1b' },
  { id: 'deputy', roleArn: arnOf('SecurityArchitect-deputy'), sub: '00u1c' },
];
export const EXECUTOR = arnOf('custody-7f3a9c12-executor');
export const CI = arnOf('custody-7f3a9c12-ci');
export const INSTALLER = arnOf('custody-7f3a9c12-installer');
export const APP = arnOf('app');

const USES: readonly JsonObject[] = [
  {
    Sid: 'Use1app',
    Effect: 'Allow',
    Principal: { AWS: APP },
    Action: ['kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
    Resource: '*',
    Condition: {
      StringEquals: {
        'kms:EncryptionContext:purpose': 'case-data',
        'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com',
      },
    },
  },
  {
    Sid: 'ServiceGrant1app',
    Effect: 'Allow',
    Principal: { AWS: APP },
    Action: 'kms:CreateGrant',
    Resource: '*',
    Condition: {
      Bool: { 'kms:GrantIsForAWSResource': 'true' },
      StringEquals: { 'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com' },
    },
  },
];

/** The text of another seat: each name in place of the architect's. */
function forSeat(text: JsonObject, { id, sub }: (typeof SEATS)[number]): JsonObject {
  const json = JSON.stringify(text).replaceAll('architect', id).replaceAll('00u1a', sub);
  return JSON.parse(json) as JsonObject;
}

/** The six texts as they are installed: the key policy with users and the root key's grants. */
export function texts(): Texts {
  const own = Object.fromEntries(NAMES.map((name) => [name, read(name)])) as Record<Name, JsonObject>;
  const statements = own['key-policy'].Statement as readonly JsonObject[];
  const grants = SEATS.map(({ id, roleArn }) => {
    const others = SEATS.filter((seat) => seat.id !== id).map((seat) => seat.roleArn);
    const text = read('root-grant');
    const condition = text.Condition as Record<string, JsonObject>;
    const equals = {
      ...condition.StringEquals,
      'aws:SourceIdentity': id,
      'kms:GranteePrincipal': others,
      'kms:RetiringPrincipal': roleArn,
    };
    return {
      ...text,
      Sid: `UnwrapGrantBy${id}`,
      Principal: { AWS: roleArn },
      Condition: { ...condition, StringEquals: equals },
    };
  });
  return { ...own, 'key-policy': { ...own['key-policy'], Statement: [...statements, ...USES, ...grants] } };
}

const pin = (operator: string, key: string, ...values: string[]) => ({ operator, key, values });
const OPERATIONS = {
  rotate: ['RotateKeyOnDemand'],
  rotation: ['EnableKeyRotation'],
  'rotation-off': ['DisableKeyRotation'],
  policy: ['PutKeyPolicy'],
  disable: ['DisableKey'],
  enable: ['EnableKey'],
  delete: ['ScheduleKeyDeletion'],
  grant: ['CreateGrant'],
  revoke: ['RevokeGrant'],
  promote: ['UpdatePrimaryRegion'],
  label: ['CreateAlias', 'UpdateAlias', 'DeleteAlias', 'UpdateKeyDescription', 'TagResource', 'UntagResource'],
  import: ['GetParametersForImport', 'ImportKeyMaterial'],
  'material-off': ['DeleteImportedKeyMaterial'],
};
const PINS: Readonly<Record<string, ProofClass['pins']>> = {
  rotation: [pin('NumericLessThanEquals', 'kms:RotationPeriodInDays', '365')],
  delete: [pin('NumericGreaterThanEquals', 'kms:ScheduleKeyDeletionPendingWindowInDays', '30')],
  grant: [
    pin('StringEquals', 'kms:GranteePrincipal', APP),
    pin('ForAllValues:StringEquals', 'kms:GrantOperations', 'Decrypt', 'GenerateDataKeyWithoutPlaintext'),
  ],
  promote: [pin('StringEquals', 'kms:PrimaryRegion', 'us-east-1', 'eu-west-1')],
};
export const CLASSES: readonly ProofClass[] = Object.entries(OPERATIONS).map(([id, operations]) => ({
  id,
  operations,
  pins: PINS[id] ?? [],
}));

export function keyOf(policy: JsonValue, change: Partial<ProofKey> = {}): ProofKey {
  return {
    name: 'root',
    arn: `arn:aws:kms:us-east-1:${ACCOUNT}:key/${KEY_ID}`,
    keyId: KEY_ID,
    region: 'us-east-1',
    policy: documentOf(policy),
    grants: [],
    primaryRegion: null,
    users: [
      {
        roleArn: APP,
        operations: ['Encrypt', 'ReEncryptFrom', 'ReEncryptTo'],
        encryptionContext: { purpose: 'case-data' },
        viaService: 'dynamodb.us-east-1.amazonaws.com',
      },
    ],
    classes: CLASSES,
    ...change,
  };
}

export function roleOf(arn: string, trust: JsonValue | null, identity: JsonValue | null): AccountPrincipal {
  return {
    arn,
    trust: trust === null ? null : documentOf(trust),
    identity: identity === null ? null : [{ name: 'policy', document: documentOf(identity) }],
    boundary: null,
  };
}

export const ALL: JsonObject = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
export const federated = (sub: string): JsonObject => ({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/idp.example.com` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { 'idp.example.com:sub': sub } },
  },
});

/** A workflow of GitHub: its audience, its protected environment, its file at its branch. */
export const GITHUB = 'token.actions.githubusercontent.com';
export const pinned = (
  equals: JsonObject = {
    [`${GITHUB}:aud`]: 'sts.amazonaws.com',
    [`${GITHUB}:sub`]: 'repo:acme/keys:environment:custody',
    [`${GITHUB}:job_workflow_ref`]: 'acme/keys/.github/workflows/custody.yml@refs/heads/main',
  },
  provider = GITHUB,
): JsonObject => ({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/${provider}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: equals },
  },
});

/** An account with the interlock, an administrator in it, and the organization's policy over it. */
export function subjectOf(given: Texts, change: Partial<ProofSubject> = {}): ProofSubject {
  const principals = [
    ...SEATS.map((seat) =>
      roleOf(seat.roleArn, forSeat(given['custodian-trust'], seat), forSeat(given['custodian-role'], seat)),
    ),
    roleOf(EXECUTOR, given['executor-trust'], given['executor-role']),
    roleOf(CI, pinned(), null),
    roleOf(INSTALLER, federated('installer'), ALL),
    roleOf(arnOf('Admin'), federated('admin'), ALL),
    roleOf(APP, federated('app'), null),
  ];
  return {
    account: ACCOUNT,
    keys: [keyOf(given['key-policy'])],
    interlock: {
      threshold: 2,
      seats: SEATS,
      automation: [{ id: 'ci', roleArn: CI }],
      executors: [{ roleArn: EXECUTOR, classes: null, automation: true }],
      installers: [INSTALLER],
      auditor: null,
      drills: [],
      repository: null,
    },
    principals,
    serviceControlPolicies: [[FULL_ACCESS, documentOf(given.scp)]],
    resourceControlPolicies: null,
    ...change,
  };
}
