import { describe, expect, it } from 'vitest';
import { type PolicyDocument, parsePolicy } from '../../../src/lib/policy/document.js';
import { evaluate } from '../../../src/lib/policy/evaluate.js';
import type { Interlock } from '../../../src/lib/policy/interlock.js';
import type { Context } from '../../../src/lib/policy/keys.js';
import { SLOTS, type SlotClass, slotClassOf } from '../../../src/lib/policy/slot.js';
import { type KeyPolicyInput, synthesizeInterlocked } from '../../../src/lib/policy/synthesize.js';
import { ACCOUNT, KEY, principalOf } from './cases.js';
import {
  AUDITOR,
  COLD,
  callContext,
  combinations,
  EXECUTOR,
  inputOf,
  interlockOf,
  isQuorum,
  OTHER_REGION,
  REGION,
  roleArn,
  slotContext,
  tagStates,
  tagValue,
} from './interlock-cases.js';
import { mutantsOf } from './mutants.js';

/** Each condition of a generated policy bears weight: without any one of them some claim is broken. */

interface Probe {
  readonly claim: string;
  readonly as: string;
  readonly operation: string;
  readonly context: Context;
  /** `never`: denied outright, so that no other statement and no grant could allow it. */
  readonly allowed: boolean | 'never';
}

const CI = { 'aws:SourceIdentity': 'ci' };
const CONTEXT = {
  'kms:EncryptionContext:purpose': 'case-data',
  'kms:EncryptionContext:table': 'subjects',
};

function holds(policy: PolicyDocument, { as, operation, context, allowed }: Probe): boolean {
  const input = { action: `kms:${operation}`, resource: KEY, principal: principalOf(as), context };
  const decision = evaluate({ ...input, resourcePolicy: policy, resourceIsAuthority: true });
  return allowed === 'never' ? decision.reason === 'explicit-deny' : decision.allowed === allowed;
}

/** Exactly the quorum, for every state of the slots. */
function quorumProbes(
  interlock: Interlock,
  classes: readonly SlotClass[],
  states: readonly number[],
): readonly Probe[] {
  return classes.flatMap((name) => {
    const states7 = tagStates(name);
    const wanted = states.map((at) => states7[at] ?? null);
    const all = [...combinations(wanted, interlock.seats.length)].sort((one, other) => filled(one) - filled(other));
    return all.flatMap((slots) => {
      const context = { ...callContext(name), ...slotContext(interlock.seats, slots), ...CI };
      const allowed = isQuorum(interlock, name, slots, 'ci');
      const cold = name === 'policy' && slots.every((slot) => slot === null || slot === tagValue(name));
      return SLOTS[name].operations.flatMap((operation) => [
        { claim: `${name} by its quorum only`, as: `role/${EXECUTOR}`, operation, context, allowed },
        ...(cold ? [{ claim: 'the cold executor', as: `role/${COLD}`, operation, context, allowed }] : []),
      ]);
    });
  });
}

/** Most mutants fail at few slots: those first. */
function filled(slots: readonly (string | null)[]): number {
  return slots.filter((slot) => slot !== null).length;
}

/** What a call may say, with enough slots. */
function pinProbes(interlock: Interlock, classes: readonly SlotClass[]): readonly Probe[] {
  const right = (name: SlotClass, context: Context, allowed: Probe['allowed'], change = {}, holding = 0) =>
    setsOf(interlock, interlock.threshold + holding).map((holders) => ({
      claim: `${name} within the plan`,
      as: `role/${EXECUTOR}`,
      operation: SLOTS[name].operations.at(-1) ?? '',
      context: {
        ...slotContext(
          interlock.seats,
          interlock.seats.map(({ id }) => (holders.includes(id) ? tagValue(name, change) : null)),
        ),
        ...CI,
        ...context,
      },
      allowed,
    }));
  const grant = { 'kms:GranteePrincipal': roleArn('app'), 'kms:GrantOperations': ['Decrypt'] };
  const tags = (...keys: string[]) => ({ 'aws:TagKeys': keys });
  return [
    right('rotation', { 'kms:RotationPeriodInDays': '366' }, false),
    right('delete', { 'kms:ScheduleKeyDeletionPendingWindowInDays': '7' }, false),
    right('policy', { 'kms:BypassPolicyLockoutSafetyCheck': 'true' }, 'never'),
    right('replicate', { 'kms:BypassPolicyLockoutSafetyCheck': 'true' }, 'never'),
    right('replicate', { 'kms:ReplicaRegion': 'ap-southeast-1' }, false),
    right('tag', tags('custody:repository'), false),
    right('untag', tags('custody:repository'), false),
    right('promote', { 'kms:PrimaryRegion': OTHER_REGION }, false),
    right('promote', { 'kms:PrimaryRegion': REGION }, false, { region: OTHER_REGION }),
    right('promote', { 'kms:PrimaryRegion': OTHER_REGION }, interlock.regions.includes(OTHER_REGION), {
      region: OTHER_REGION,
    }),
    right('promote', { 'kms:PrimaryRegion': OTHER_REGION }, false, { region: OTHER_REGION }, -1),
    right('grant', { ...grant, 'kms:GranteePrincipal': `arn:aws:iam::${ACCOUNT}:user/jane` }, true),
    right('grant', { ...grant, 'kms:GranteePrincipal': `arn:aws:iam::${ACCOUNT}:root` }, false),
    right('grant', { ...grant, 'kms:GranteePrincipal': roleArn(EXECUTOR) }, false),
    right('grant', { ...grant, 'kms:GranteePrincipal': roleArn(COLD) }, false),
    right('grant', { 'kms:GranteePrincipal': roleArn('app') }, false),
    right('grant', { ...grant, 'kms:GrantOperations': ['CreateGrant'] }, false),
    ...GRANTED.map((one) => right('grant', { ...grant, 'kms:GrantOperations': [one] }, true)),
  ]
    .flat()
    .filter(({ allowed, operation }) => allowed !== true || classes.some((name) => slotClassOf(operation) === name));
}

const GRANTED = [
  'Decrypt',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'RetireGrant',
];

/** Every set of so many seats. */
function setsOf({ seats }: Interlock, size: number): readonly (readonly string[])[] {
  return [...combinations([null, 'x'], seats.length)]
    .map((chosen) => seats.filter((_, at) => chosen[at] !== null).map(({ id }) => id))
    .filter(({ length }) => length === size);
}

const READS = [
  'DescribeKey',
  'GetKeyPolicy',
  'ListKeyPolicies',
  'ListResourceTags',
  'ListGrants',
  'GetKeyRotationStatus',
  'ListKeyRotations',
  'GetPublicKey',
  'GetKeyLastUsage',
];

function standingProbes(interlock: Interlock): readonly Probe[] {
  const seats = interlock.seats.map((seat) => `role/${seat.roleArn.split('/')[1]}`);
  const readers = [...seats, `role/${EXECUTOR}`, `role/${COLD}`, `role/${AUDITOR}`];
  const probe = (claim: string, as: string, operation: string, context: Context, allowed: boolean) => ({
    claim,
    as,
    operation,
    context,
    allowed,
  });
  const same = { 'kms:ReEncryptOnSameKey': 'true' };
  return [
    ...readers.flatMap((as) => READS.map((operation) => probe('reads', as, operation, {}, true))),
    ...readers.map((as) => probe('vetoes', as, 'CancelKeyDeletion', CI, seats.includes(as))),
    ...['Decrypt', 'GenerateDataKeyWithoutPlaintext', 'ReEncryptTo'].flatMap((operation) => [
      probe('use', 'role/case-service', operation, CONTEXT, true),
      probe('use', 'role/case-service', operation, { 'kms:EncryptionContext:purpose': 'case-data' }, false),
      probe('use', 'role/case-service', operation, { 'kms:EncryptionContext:table': 'subjects' }, false),
    ]),
    probe('use', 'role/case-service', 'DescribeKey', {}, true),
    probe('T56', 'role/case-service', 'ReEncryptFrom', { ...CONTEXT, ...same }, true),
    probe('T56', 'role/case-service', 'ReEncryptFrom', CONTEXT, false),
  ];
}

const EVERY = [0, 1, 2, 3, 4, 5, 6];
const FEW = [0, 1, 3];
/** The roster, what else is in the policy, and which states of a slot are tried: nothing, right and another class at least. */
const CASES: readonly (readonly [string, Interlock, Partial<KeyPolicyInput>, readonly number[]])[] = [
  ['2-of-3', interlockOf(2, 3), {}, EVERY],
  [
    '2-of-3, imported material, replicas open',
    interlockOf(2, 3, { origin: 'EXTERNAL', opens: ['replicate'] }),
    {},
    FEW,
  ],
  ['2-of-3, both duties', interlockOf(2, 3, { rules: { policy: { distinctRoles: 2 } }, regions: [REGION] }), {}, FEW],
  ['2-of-4', interlockOf(2, 4), {}, FEW],
  ['3-of-5', interlockOf(3, 5), {}, FEW],
];

describe.each(CASES)('%s', (_, interlock, change, states) => {
  const { policy, classes } = synthesizeInterlocked({ ...inputOf(interlock, change), interlock });
  const probes = new Map<string, Probe[]>();
  const pins = pinProbes(interlock, classes);
  for (const one of [...pins, ...standingProbes(interlock), ...quorumProbes(interlock, classes, states)]) {
    probes.set(one.operation, [...(probes.get(one.operation) ?? []), one]);
  }

  it('keeps every claim', () => {
    const document = parsePolicy(policy, 'key policy');
    expect([...probes.values()].flat().filter((one) => !holds(document, one))).toEqual([]);
  });

  it('breaks one without any single part of it', () => {
    const { Statement } = JSON.parse(policy) as { Statement: { Action: string | string[] }[] };
    const mutants = mutantsOf(policy);
    const survivors = mutants.filter((mutant) => {
      const document = parsePolicy(mutant.policy, mutant.what);
      const operations = [Statement[mutant.statement]?.Action ?? []].flat().map((name) => name.slice('kms:'.length));
      return operations.every((name) => (probes.get(name) ?? []).every((one) => holds(document, one)));
    });
    expect(survivors.map(({ what }) => what)).toEqual([]);
    expect(mutants.length).toBeGreaterThan(200);
  });
});
