import { CANARY_CONTEXT } from '../base/canary.js';
import type { JsonObject } from '../base/canonical-json.js';
import { CYCLE_KEY } from '../base/cycle.js';
import type { AccountRoles } from './account-roles.js';
import { SCRATCH_TAG } from './scratch.js';
import { assertSlotsFit, formatSlotName } from './slot.js';
import { formatRolePolicy, oneOrMany } from './statements.js';

/** What the interlock's roles may do by themselves; what they may do with a key, its own policy says. */

/** By it a custodian's own signing key is told from the plan's. */
export const SIGNER_TAG = 'custody:signer';
/** KMS asks these of no key. */
const LISTS = ['kms:ListAliases', 'kms:ListKeys'];

/**
 * A seat: sets and takes back its own slots, each by name, on the executors; enters them; reads what it must judge.
 * @throws CustodyError LIMIT_EXCEEDED for more keys than an executor has tags for
 */
export function custodianRolePolicy(roles: AccountRoles, custodian: string, keyNames: readonly string[]): string {
  assertSlotsFit(roles.seats.length, keyNames.length);
  // The keys of exercises have slots, too: one name for all of them, since one exercise is open at a time.
  const slots = [...new Set([...keyNames, CYCLE_KEY])].sort().map((keyName) => formatSlotName({ custodian, keyName }));
  const executors = [roles.executor, roles.cold];
  return formatRolePolicy([
    allowing('OwnSlotsOnly', ['iam:TagRole', 'iam:UntagRole'], executors, {
      // Without the set operator one call could set two seats' slots; without Null it would hold for no keys at all (T57).
      'ForAllValues:StringEquals': { 'aws:TagKeys': oneOrMany(slots) },
      Null: { 'aws:TagKeys': 'false' },
      StringEquals: { 'aws:SourceIdentity': custodian },
    }),
    allowing('SeeSlots', ['iam:ListRoleTags'], [...executors, ...others(roles)]),
    seeWhoIsNamed(roles),
    allowing('EnterExecutor', ['sts:AssumeRole', 'sts:SetSourceIdentity'], executors),
    allowing('FindKeys', [...LISTS, 'cloudtrail:LookupEvents'], ['*']),
    // Its policy, given with it, says that nobody else may use it. Its tags are no key's of the plan.
    allowing('MakeOwnSigner', ['kms:CreateKey'], ['*'], { StringEquals: { 'kms:KeyUsage': 'SIGN_VERIFY' } }),
    allowing('TagOwnSigner', ['kms:TagResource'], ['*'], {
      'ForAllValues:StringEquals': { 'aws:TagKeys': [SIGNER_TAG] },
      Null: { 'aws:TagKeys': 'false' },
    }),
  ]);
}

/**
 * The executor: clears slots, makes keys that are tagged as this repository's, names them. The power over a key that is there
 * comes from its policy alone.
 */
export function executorRolePolicy(roles: AccountRoles): string {
  const { account, partition, repository } = roles;
  const tagged = { StringEquals: { 'aws:RequestTag/custody:repository': repository } };
  return formatRolePolicy([
    ...slotKeeping(roles.executor),
    allowing('FindKeys', LISTS, ['*']),
    allowing('MakeKeys', ['kms:CreateKey', 'kms:TagResource'], ['*'], tagged),
    // KMS asks an alias's permission of the caller's policy, and that of each key of the key's own.
    allowing(
      'NameKeys',
      ['kms:CreateAlias', 'kms:DeleteAlias', 'kms:UpdateAlias'],
      [`arn:${partition}:kms:*:${account}:alias/*`],
    ),
  ]);
}

/** The cold executor: clears its own slots. It makes no keys and no names. */
export function coldExecutorRolePolicy(roles: AccountRoles): string {
  return formatRolePolicy(slotKeeping(roles.cold));
}

/** Automation: enters the executor, never the cold one, and never sets a slot. */
export function automationRolePolicy(roles: AccountRoles): string {
  return formatRolePolicy([
    allowing('SeeSlots', ['iam:ListRoleTags'], [roles.executor, ...others(roles)]),
    seeWhoIsNamed(roles),
    allowing('EnterExecutor', ['sts:AssumeRole', 'sts:SetSourceIdentity'], [roles.executor]),
    allowing('FindKeys', LISTS, ['*']),
  ]);
}

/** The auditor: sees everyone of the account, which a proof asks for, and the trail; keys let it read by their own policies. */
export function auditorRolePolicy(roles: AccountRoles): string {
  return formatRolePolicy([
    allowing(
      'SeeRoles',
      ['iam:GetRole', 'iam:GetRolePolicy', 'iam:ListAttachedRolePolicies', 'iam:ListRolePolicies', 'iam:ListRoleTags'],
      [roles.executor, roles.cold, ...others(roles)],
    ),
    // Everyone of the account: that nobody else changes a key is proven over all of them.
    allowing(
      'SeeAccount',
      [
        'iam:GetAccountAuthorizationDetails',
        'iam:GetOpenIDConnectProvider',
        'iam:GetPolicy',
        'iam:GetPolicyVersion',
        'iam:GetSAMLProvider',
      ],
      ['*'],
    ),
    allowing('FindKeys', [...LISTS, 'cloudtrail:LookupEvents'], ['*']),
  ]);
}

/**
 * The drill role: canaries of the plan's keys, under their context alone, as the policies of the keys say, too; and keys of its
 * own, which it must tag. It deletes nothing by this policy: that of each key it made lets it (`scratchStatement`).
 */
export function drillRolePolicy({ account, partition }: AccountRoles): string {
  const keys = [`arn:${partition}:kms:*:${account}:key/*`];
  return formatRolePolicy([
    allowing('Canaries', ['kms:Decrypt', 'kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'], keys, {
      Null: { [`kms:EncryptionContext:${CANARY_CONTEXT}`]: 'false' },
    }),
    allowing('FindKeys', LISTS, ['*']),
    allowing('LookAtKeys', ['kms:DescribeKey', 'kms:ListResourceTags'], keys),
    allowing('MakeScratchKeys', ['kms:CreateKey', 'kms:TagResource'], ['*'], {
      'ForAllValues:StringEquals': { 'aws:TagKeys': SCRATCH_TAG },
      Null: { [`aws:RequestTag/${SCRATCH_TAG}`]: 'false' },
    }),
  ]);
}

function slotKeeping(role: string): readonly JsonObject[] {
  return [
    allowing('ClearSlots', ['iam:UntagRole'], [role], {
      'ForAllValues:StringLike': { 'aws:TagKeys': 'custody:*' },
      Null: { 'aws:TagKeys': 'false' },
    }),
    allowing('SeeSlots', ['iam:GetRole', 'iam:ListRoleTags'], [role]),
  ];
}

/** The unique ids of roles that key policies name go into backups: without them one that was made again passes for the old one. */
function seeWhoIsNamed({ partition, account }: AccountRoles): JsonObject {
  return allowing('SeeWhoIsNamed', ['iam:GetRole'], [`arn:${partition}:iam::${account}:role/*`]);
}

/** The seats and the automation, whose unique ids custody compares (T58). */
function others({ seats, automation }: AccountRoles): readonly string[] {
  return [...seats, ...automation].map(({ roleArn }) => roleArn).sort();
}

function allowing(
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
  condition?: JsonObject,
): JsonObject {
  const statement = { Sid: sid, Effect: 'Allow', Action: oneOrMany(actions), Resource: oneOrMany(resources) };
  return condition === undefined ? statement : { ...statement, Condition: condition };
}
