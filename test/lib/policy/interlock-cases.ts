import type { Interlock, InterlockSeat } from '../../../src/lib/policy/interlock.js';
import type { Context } from '../../../src/lib/policy/keys.js';
import { SLOTS, type SlotClass } from '../../../src/lib/policy/slot.js';
import type { KeyPolicyInput } from '../../../src/lib/policy/synthesize.js';
import { ACCOUNT } from './cases.js';

/** Interlocked keys of several rosters, and the rule that their policies must come to, told in another way than they tell it. */

export const roleArn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
export const REGION = 'us-east-1';
export const OTHER_REGION = 'eu-west-1';
export const KEY_ID = 'mrk-0123456789abcdef0123456789abcdef';
export const OTHER_KEY = 'mrk-ffffffffffffffffffffffffffffffff';
export const EXECUTOR = 'custody-7f3a9c12-executor';
export const COLD = `${EXECUTOR}-cold`;
export const AUDITOR = 'custody-7f3a9c12-auditor';

const PEOPLE: readonly (readonly [string, string, string])[] = [
  ['architect', 'SecurityArchitect', 'SecurityArchitect'],
  ['privacy', 'PrivacyEngineer', 'PrivacyEngineer'],
  ['deputy', 'SecurityArchitect-deputy', 'SecurityArchitect'],
  ['counsel', 'PrivacyEngineer-counsel', 'PrivacyEngineer'],
  ['operator', 'SecurityArchitect-operator', 'SecurityArchitect'],
  ['warden', 'PrivacyEngineer-warden', 'PrivacyEngineer'],
  ['steward', 'SecurityArchitect-steward', 'SecurityArchitect'],
];

export function seatsOf(count: number): readonly InterlockSeat[] {
  return PEOPLE.slice(0, count).map(([id, role, duty]) => ({ id, roleArn: roleArn(role), duty }));
}

export function interlockOf(threshold: number, count: number, change: Partial<Interlock> = {}): Interlock {
  return {
    seats: seatsOf(count),
    threshold,
    rules: {},
    keyName: 'case-data',
    keyId: KEY_ID,
    origin: 'AWS_KMS',
    regions: [REGION, OTHER_REGION],
    rotationPeriodDays: 365,
    coldExecutorRoleArn: roleArn(COLD),
    auditorRoleArn: roleArn(AUDITOR),
    ...change,
  };
}

export function inputOf(interlock: Interlock, change: Partial<KeyPolicyInput> = {}): KeyPolicyInput {
  return {
    account: ACCOUNT,
    partition: 'aws',
    region: REGION,
    executorRoleArn: roleArn(EXECUTOR),
    custodianRoleArns: interlock.seats.map((seat) => seat.roleArn),
    users: [
      {
        roleArn: roleArn('case-service'),
        operations: ['generate-data-key-without-plaintext', 'decrypt', 're-encrypt', 'describe'],
        encryptionContext: { purpose: 'case-data', table: 'subjects' },
      },
    ],
    interlock,
    ...change,
  };
}

/** Condition keys with which a call of the class is within the plan. */
export function callContext(name: SlotClass): Context {
  const keys: Partial<Record<SlotClass, Context>> = {
    rotation: { 'kms:RotationPeriodInDays': '365' },
    delete: { 'kms:ScheduleKeyDeletionPendingWindowInDays': '30' },
    promote: { 'kms:PrimaryRegion': REGION },
    replicate: { 'kms:ReplicaRegion': OTHER_REGION, 'kms:BypassPolicyLockoutSafetyCheck': 'false' },
    policy: { 'kms:BypassPolicyLockoutSafetyCheck': 'false' },
    tag: { 'aws:TagKeys': ['team'] },
    untag: { 'aws:TagKeys': ['team'] },
    grant: { 'kms:GranteePrincipal': roleArn('case-service'), 'kms:GrantOperations': ['Decrypt', 'DescribeKey'] },
  };
  return keys[name] ?? {};
}

export interface Tag {
  readonly class?: string;
  readonly region?: string;
  readonly key?: string;
  readonly digest?: string;
  readonly executor?: string;
}

export function tagValue(name: SlotClass, change: Tag = {}): string {
  const { class: cls = name, region = REGION, key = KEY_ID, digest = 'a'.repeat(64), executor = 'ci' } = change;
  return [cls, region, key, digest, executor].join('/');
}

/** What a seat's slot may hold: nothing, the right value, and each way to be wrong. */
export function tagStates(name: SlotClass): readonly (string | null)[] {
  return [
    null,
    tagValue(name),
    tagValue(name, { digest: 'b'.repeat(64) }),
    tagValue(name, { class: name === 'rotate' ? 'rotation' : 'rotate' }),
    tagValue(name, { region: OTHER_REGION }),
    tagValue(name, { key: OTHER_KEY }),
    tagValue(name, { executor: 'architect' }),
  ];
}

/** Every list of `count` states. */
export function* combinations(
  states: readonly (string | null)[],
  count: number,
): Generator<readonly (string | null)[]> {
  if (count === 0) yield [];
  else for (const rest of combinations(states, count - 1)) for (const state of states) yield [...rest, state];
}

export function slotContext(seats: readonly InterlockSeat[], slots: readonly (string | null)[], keyName = 'case-data') {
  const tags: Record<string, string> = {};
  for (const [at, { id }] of seats.entries()) {
    const value = slots[at];
    if (value) tags[`aws:PrincipalTag/custody:${id}:${keyName}`] = value;
  }
  return tags;
}

/** The rule itself: enough seats, of enough duties, hold one value that names this class, Region, key and executor. */
export function isQuorum(
  interlock: Interlock,
  name: SlotClass,
  slots: readonly (string | null)[],
  executor: string,
): boolean {
  const rule = interlock.rules[SLOTS[name].rule];
  const needed = Math.max(interlock.threshold, rule?.threshold ?? 0);
  return slots.some((value) => {
    if (value === null) return false;
    const [cls, region, key, digest, who] = value.split('/');
    if (cls !== name || region !== REGION || key !== KEY_ID || digest?.length !== 64 || who !== executor) return false;
    const holders = interlock.seats.filter((_, at) => slots[at] === value);
    const duties = new Set(holders.map(({ duty }) => duty));
    return holders.length >= needed && duties.size >= (rule?.distinctRoles ?? 1);
  });
}
