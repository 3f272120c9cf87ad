import { formatCanonical, type JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { KeyUse } from '../plan/plan.js';
import { contextKeys, whenEquals } from './context-keys.js';
import { dualControl, type Seat } from './dual-control.js';
import { INTERLOCK_FORMS, type Interlock, interlockClasses, interlockStatements } from './interlock.js';
import { type Mover, moveInStatements, moveOutStatements, moversOf, rolesOf } from './move.js';
import { allow, denyEveryone, formatFitting, formatKeyPolicy, oneOrMany } from './statements.js';

/** What a service role may do with a key. */
export interface KeyPolicyUser {
  readonly roleArn: string;
  readonly operations: readonly KeyUse[];
  /** Pairs that every request must carry. */
  readonly encryptionContext?: Readonly<Record<string, string>>;
  /** The AWS service through which alone the key is used (`dynamodb`); null or absent when it is called directly. */
  readonly viaService?: string | null;
}

/** The parameters of one key's policy in one Region. */
export interface KeyPolicyInput {
  readonly account: string;
  readonly partition: string;
  readonly region: string;
  readonly executorRoleArn: string;
  readonly custodianRoleArns: readonly string[];
  readonly users: readonly KeyPolicyUser[];
  /** Root keys: no seat decrypts alone, each may grant another for one unwrapping ("dual control"). At least two seats. */
  readonly dualControlGrants?: readonly Seat[];
  /** Only while a key is replaced: ciphertexts may leave it (`out`), or come to it from the key that it replaces (`in`). */
  readonly move?: 'out' | 'in';
  /** Approval slots decide what the executor may do. Without it the executor may do everything: then custody alone decides. */
  readonly interlock?: Interlock;
}

/** Everything that looks at a key and changes nothing. */
export const READ = [
  'DescribeKey',
  'GetKeyPolicy',
  'ListKeyPolicies',
  'ListResourceTags',
  'ListGrants',
  'GetKeyRotationStatus',
  'ListKeyRotations',
  'GetPublicKey',
  'GetKeyLastUsage',
] as const;

/** Every operation that changes a key, each by name: one that AWS adds later is not allowed by accident (T49). */
export const MUTATING_OPERATIONS = [
  'CancelKeyDeletion',
  'CreateAlias',
  'CreateGrant',
  'DeleteAlias',
  'DeleteImportedKeyMaterial',
  'DisableKey',
  'DisableKeyRotation',
  'EnableKey',
  'EnableKeyRotation',
  'GetParametersForImport',
  'ImportKeyMaterial',
  'PutKeyPolicy',
  'ReplicateKey',
  'RetireGrant',
  'RevokeGrant',
  'RotateKeyOnDemand',
  'ScheduleKeyDeletion',
  'TagResource',
  'UntagResource',
  'UpdateAlias',
  'UpdateKeyDescription',
  'UpdatePrimaryRegion',
] as const;

/** The KMS operations of each use of the plan. */
export const USES: Readonly<Record<Exclude<KeyUse, 'describe'>, readonly string[]>> = {
  encrypt: ['Encrypt'],
  decrypt: ['Decrypt'],
  'generate-data-key': ['GenerateDataKey'],
  'generate-data-key-without-plaintext': ['GenerateDataKeyWithoutPlaintext'],
  're-encrypt': ['ReEncryptFrom', 'ReEncryptTo'],
};

const SIGNER = [
  'CancelKeyDeletion',
  'DescribeKey',
  'DisableKey',
  'EnableKey',
  'GetKeyPolicy',
  'GetPublicKey',
  'ListResourceTags',
  'PutKeyPolicy',
  'ScheduleKeyDeletion',
  'Sign',
  'TagResource',
] as const;

/**
 * The key policy of one key in one Region, canonical JSON: the same input, in any order, gives the same bytes. Only the
 * executor role may change the key, with an interlock only what enough seats have approved; there is no statement for the
 * account's root.
 * @throws CustodyError PLAN_INVALID for roles or contexts that no policy can hold safely, LIMIT_EXCEEDED beyond 32,768 bytes
 */
export function synthesizeKeyPolicy(input: KeyPolicyInput): string {
  const { interlock } = input;
  if (interlock) return synthesizeInterlocked({ ...input, interlock }).policy;
  assertRoles(input);
  return formatKeyPolicy(statementsOf(input, [allow('Change', [input.executorRoleArn], MUTATING_OPERATIONS)]));
}

/**
 * The same, with what had room in it: the form of the interlock and the classes that it lets through.
 * @throws CustodyError as `synthesizeKeyPolicy`
 */
export function synthesizeInterlocked(input: KeyPolicyInput & { readonly interlock: Interlock }) {
  assertRoles(input);
  const { interlock } = input;
  const { form, text } = formatFitting(INTERLOCK_FORMS, (tried) =>
    statementsOf(input, interlockStatements(interlock, input, tried)),
  );
  return { policy: text, form, classes: interlockClasses(interlock, form) };
}

function statementsOf(input: KeyPolicyInput, changes: readonly JsonObject[]): readonly JsonObject[] {
  const custodians = [...input.custodianRoleArns].sort();
  const users = sortedUsers(input.users);
  const out = input.move === 'out' ? moversOf(users) : [];
  return [
    allow('Read', [...custodians, input.executorRoleArn, ...readersOf(input.interlock)], READ),
    allow('VetoDeletion', custodians, ['CancelKeyDeletion']),
    ...changes,
    denyEveryone('NeverBypass', ['PutKeyPolicy', 'ReplicateKey'], {
      Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' },
    }),
    // ReEncrypt to a key of one's own is Decrypt (T56).
    denyEveryone('ReEncryptStaysHere', ['ReEncryptFrom'], staysHere(out)),
    ...users.flatMap((user, at) => useStatements(user, at + 1, input)),
    ...moveOutStatements(out),
    ...(input.move === 'in' ? moveInStatements(moversOf(users)) : []),
    ...writeOnlyStatement(users),
    ...dualControl(input.dualControlGrants ?? []),
  ];
}

function readersOf(interlock: Interlock | undefined): readonly string[] {
  return interlock ? [interlock.coldExecutorRoleArn, interlock.auditorRoleArn] : [];
}

/** ReEncrypt to another key gives nothing to a role that may decrypt anyway: for a move those are let go, nobody else. */
function staysHere(movers: readonly Mover[]): JsonObject {
  const elsewhere = { BoolIfExists: { 'kms:ReEncryptOnSameKey': 'false' } };
  const roles = rolesOf(movers);
  // aws:PrincipalArn is the role's own ARN in each of its sessions; without the key the Deny holds.
  return roles.length === 0
    ? elsewhere
    : { ...elsewhere, ArnNotEqualsIfExists: { 'aws:PrincipalArn': oneOrMany(roles) } };
}

/** The policy of a custodian's own signing key: that seat's role and nobody else. */
export function custodianSignerPolicy(seat: { readonly roleArn: string }): string {
  assertRoleArn(seat.roleArn, 'arn:');
  return formatKeyPolicy([allow('OwnSignerOnly', [seat.roleArn], SIGNER)]);
}

function sortedUsers(users: readonly KeyPolicyUser[]): readonly KeyPolicyUser[] {
  const order = (user: KeyPolicyUser) =>
    formatCanonical([user.roleArn, user.viaService ?? '', { ...user.encryptionContext }, [...user.operations].sort()]);
  return [...users].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function useStatements(user: KeyPolicyUser, number: number, { partition, region }: KeyPolicyInput): JsonObject[] {
  const name = `${number}${(user.roleArn.split('/').at(-1) ?? '').replaceAll(/[^A-Za-z0-9]/g, '')}`;
  const roles = [user.roleArn];
  const via: JsonObject = user.viaService
    ? { 'kms:ViaService': `${user.viaService}.${region}.${suffixOf(partition)}` }
    : {};
  const context = contextKeys(user.encryptionContext ?? {});
  const keys = { ...via, ...context };
  const crypto = [...new Set(user.operations)].sort().flatMap((use) => (use === 'describe' ? [] : USES[use]));
  const statements: JsonObject[] = [];
  if (crypto.length > 0) statements.push(allow(`Use${name}`, roles, crypto, whenEquals(keys)));
  // DescribeKey carries no encryption context: under that condition it would never be allowed.
  if (user.operations.includes('describe')) {
    statements.push(allow(`Describe${name}`, roles, ['DescribeKey'], whenEquals(via)));
  }
  if (user.viaService) {
    const forService = { Bool: { 'kms:GrantIsForAWSResource': 'true' } };
    statements.push(allow(`ServiceGrant${name}`, roles, ['CreateGrant'], { ...forService, ...whenEquals(via) }));
  }
  return statements;
}

function suffixOf(partition: string): string {
  return partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
}

/** Roles that only write are denied reading outright, so that not even a grant lets them. */
function writeOnlyStatement(users: readonly KeyPolicyUser[]): JsonObject[] {
  const readers = new Set(users.filter(reads).map((user) => user.roleArn));
  const writers = [...new Set(users.filter(writes).map((user) => user.roleArn))].filter((role) => !readers.has(role));
  if (writers.length === 0) return [];
  return [{ ...allow('WriteOnly', writers, ['Decrypt', 'ReEncryptFrom']), Effect: 'Deny' }];
}

function reads({ operations }: KeyPolicyUser): boolean {
  return operations.includes('decrypt') || operations.includes('re-encrypt');
}

function writes({ operations }: KeyPolicyUser): boolean {
  return operations.some((use) => use !== 'describe');
}

function assertRoles(input: KeyPolicyInput): void {
  const partition = `arn:${input.partition}:iam::`;
  const seats = input.custodianRoleArns;
  const dualSeats = (input.dualControlGrants ?? []).map((seat) => seat.roleArn);
  for (const arn of [input.executorRoleArn, ...readersOf(input.interlock), ...seats, ...dualSeats]) {
    assertRoleArn(arn, `${partition}${input.account}:role/`);
  }
  for (const user of input.users) assertRoleArn(user.roleArn, partition);
  // Two people on one role could be one laptop playing both (T52).
  if (new Set(seats).size !== seats.length || new Set(dualSeats).size !== dualSeats.length) {
    throw new CustodyError('PLAN_INVALID', 'two custodians share one IAM role');
  }
  const own = [input.executorRoleArn, ...readersOf(input.interlock)];
  if (seats.includes(input.executorRoleArn) || input.users.some((user) => own.includes(user.roleArn))) {
    throw new CustodyError('PLAN_INVALID', 'the executor role is also a custodian or a user of the key');
  }
  const locked = input.interlock?.seats.map(({ roleArn }) => roleArn) ?? seats;
  if ([...locked].sort().join() !== [...seats].sort().join()) {
    throw new CustodyError('PLAN_INVALID', 'the seats of the interlock are not the custodians of the key');
  }
}

function assertRoleArn(arn: string, prefix: string): void {
  if (arn.startsWith(prefix) && /^arn:[a-z-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(arn)) return;
  throw new CustodyError('PLAN_INVALID', 'a role ARN is not one of this account', {
    details: { found: arn.slice(0, 200) },
  });
}
