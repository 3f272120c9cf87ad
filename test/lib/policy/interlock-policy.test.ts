import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import type { QuorumRules } from '../../../src/lib/plan/plan.js';
import { type PolicyDocument, parsePolicy } from '../../../src/lib/policy/document.js';
import { evaluate } from '../../../src/lib/policy/evaluate.js';
import type { Interlock } from '../../../src/lib/policy/interlock.js';
import type { Context } from '../../../src/lib/policy/keys.js';
import { SLOT_CLASSES, SLOTS, type SlotClass } from '../../../src/lib/policy/slot.js';
import { MUTATING_OPERATIONS, synthesizeInterlocked } from '../../../src/lib/policy/synthesize.js';
import { validateKeyPolicy } from '../../../src/lib/policy/validate.js';
import { KEY, principalOf } from './cases.js';
import {
  AUDITOR,
  COLD,
  callContext,
  combinations,
  EXECUTOR,
  inputOf,
  interlockOf,
  isQuorum,
  KEY_ID,
  OTHER_KEY,
  OTHER_REGION,
  REGION,
  roleArn,
  slotContext,
  tagStates,
  tagValue,
} from './interlock-cases.js';

const DOCUMENT = readFileSync(new URL('../../../docs/enforcement.md', import.meta.url), 'utf8');
const CI = { 'aws:SourceIdentity': 'ci' };
/** As the plan's template has them, and one that wants more seats than the roster. */
const RULES: QuorumRules['classes'] = {
  policy: { distinctRoles: 2 },
  disable: { distinctRoles: 2 },
  delete: { distinctRoles: 2, threshold: 3 },
};

function may(policy: PolicyDocument, operation: string, context: Context, as = `role/${EXECUTOR}`) {
  const action = `kms:${operation}`;
  const principal = principalOf(as);
  return evaluate({ action, resource: KEY, principal, context, resourcePolicy: policy, resourceIsAuthority: true })
    .allowed;
}

function policyOf(interlock: Interlock) {
  const made = synthesizeInterlocked({ ...inputOf(interlock), interlock });
  return { ...made, document: parsePolicy(made.policy, 'key policy') };
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof CustodyError) return error.code;
  }
  return undefined;
}

interface Roster {
  readonly name: string;
  readonly interlock: Interlock;
  readonly form: string;
  readonly classes: readonly SlotClass[];
}

const ALL = SLOT_CLASSES.filter((name) => SLOTS[name].stands !== 'opened' && SLOTS[name].origin !== 'EXTERNAL');
const ROSTERS: readonly Roster[] = [
  { name: '2-of-3', interlock: interlockOf(2, 3), form: 'plain', classes: ALL },
  { name: '2-of-3 with stricter classes', interlock: interlockOf(2, 3, { rules: RULES }), form: 'plain', classes: ALL },
  { name: '2-of-4', interlock: interlockOf(2, 4), form: 'short', classes: ['rotate', 'policy', 'grant'] },
  {
    name: '2-of-4 with stricter classes',
    interlock: interlockOf(2, 4, { rules: RULES }),
    form: 'plain',
    classes: ['policy', 'delete'],
  },
  { name: '3-of-4', interlock: interlockOf(3, 4), form: 'plain', classes: ['rotate', 'policy'] },
  { name: '3-of-5', interlock: interlockOf(3, 5), form: 'sparse', classes: ['rotate'] },
];

describe.each(ROSTERS)('the interlock of $name', ({ interlock, form, classes }) => {
  const made = policyOf(interlock);

  it('is one that KMS takes', () => {
    expect(made.form).toBe(form);
    expect(validateKeyPolicy(made.policy)).toEqual([]);
  });

  it('does not depend on the order of its input', () => {
    const { seats, regions } = interlock;
    const reversed = { ...interlock, seats: [...seats].reverse(), regions: [...regions].reverse() };
    expect(policyOf(reversed).policy).toBe(made.policy);
  });

  it.each(classes)('T47 T53 T54 lets %s through exactly when enough seats hold the identical right slot', (name) => {
    const operation = SLOTS[name].operations.at(-1) ?? '';
    let allowed = 0;
    for (const slots of combinations(tagStates(name), interlock.seats.length)) {
      const context = { ...callContext(name), ...slotContext(interlock.seats, slots), ...CI };
      const expected = isQuorum(interlock, name, slots, 'ci');
      if (may(made.document, operation, context) !== expected) expect({ slots, expected }).toBe('wrong');
      if (expected) allowed++;
    }
    expect(allowed).toBeGreaterThan(0);
  });

  it('leaves no variable unset in a list, where AWS might void the statement for a seat that did not approve', () => {
    const lists = made.document.statements
      .flatMap(({ conditions }) => conditions)
      .filter(({ values }) => values.length > 1);
    const variables = lists.flatMap(({ values }) => values).filter((value) => value.includes('PrincipalTag'));
    expect(variables.filter((value) => !value.endsWith(", '-'}"))).toEqual([]);
    expect(variables.length).toBeGreaterThan(0);
  });

  it('T48 T49 lets nothing through but the one operation of the class', () => {
    for (const name of made.classes) {
      const slots = interlock.seats.map(() => tagValue(name));
      const pins = Object.assign({}, ...SLOT_CLASSES.map(callContext), { 'kms:PrimaryRegion': REGION });
      const context = { ...pins, ...slotContext(interlock.seats, slots), ...CI };
      for (const operation of MUTATING_OPERATIONS) {
        const own: readonly string[] = SLOTS[name].operations;
        expect([name, operation, may(made.document, operation, context)]).toEqual([
          name,
          operation,
          own.includes(operation),
        ]);
      }
    }
  });
});

const TWO_OF_THREE = interlockOf(2, 3);
const { document: KEY_POLICY } = policyOf(TWO_OF_THREE);
const both = (name: SlotClass, change = {}) =>
  slotContext(TWO_OF_THREE.seats, [tagValue(name, change), tagValue(name, change), null]);

/** The executor's call with two right slots. */
function call(name: SlotClass, context: Context, as?: string) {
  return may(KEY_POLICY, SLOTS[name].operations.at(-1) ?? '', { ...both(name), ...CI, ...context }, as);
}

describe('what a call may say', () => {
  const cases: readonly (readonly [SlotClass, Context, boolean])[] = [
    ['rotation', { 'kms:RotationPeriodInDays': '90' }, true],
    ['rotation', { 'kms:RotationPeriodInDays': '366' }, false],
    ['rotation', {}, false],
    ['delete', { 'kms:ScheduleKeyDeletionPendingWindowInDays': '30' }, true],
    ['delete', { 'kms:ScheduleKeyDeletionPendingWindowInDays': '29' }, false],
    ['delete', {}, false],
    ['policy', { 'kms:BypassPolicyLockoutSafetyCheck': 'false' }, true],
    ['policy', {}, true],
    ['policy', { 'kms:BypassPolicyLockoutSafetyCheck': 'true' }, false],
    ['tag', { 'aws:TagKeys': ['team', 'cost'] }, true],
    ['tag', { 'aws:TagKeys': ['team', 'custody:repository'] }, false],
    ['untag', { 'aws:TagKeys': ['custody:repository'] }, false],
    ['grant', { 'kms:GranteePrincipal': roleArn('app'), 'kms:GrantOperations': ['Decrypt'] }, true],
    ['grant', { 'kms:GranteePrincipal': roleArn('app'), 'kms:GrantOperations': ['CreateGrant', 'Decrypt'] }, false],
    ['grant', { 'kms:GranteePrincipal': roleArn('app') }, false],
    ['grant', { 'kms:GranteePrincipal': roleArn(EXECUTOR), 'kms:GrantOperations': ['Decrypt'] }, false],
    ['grant', { 'kms:GranteePrincipal': roleArn(COLD), 'kms:GrantOperations': ['Decrypt'] }, false],
    ['grant', { 'kms:GranteePrincipal': 'arn:aws:iam::111122223333:root', 'kms:GrantOperations': ['Decrypt'] }, false],
    [
      'grant',
      { 'kms:GranteePrincipal': 'arn:aws:iam::999988887777:role/app', 'kms:GrantOperations': ['Decrypt'] },
      false,
    ],
    ['grant', { 'kms:GrantOperations': ['Decrypt'] }, false],
    ['promote', { 'kms:PrimaryRegion': REGION }, true],
    ['promote', { 'kms:PrimaryRegion': OTHER_REGION }, false],
    ['promote', {}, false],
  ];
  it.each(cases)('%s %j: %s', (name, context, expected) => {
    expect(call(name, context)).toBe(expected);
  });

  it('T54 the policies of both Regions take an approval to promote for the Region that it names', () => {
    const there = synthesizeInterlocked({
      ...inputOf(TWO_OF_THREE, { region: OTHER_REGION }),
      interlock: TWO_OF_THREE,
    });
    const ask = (document: PolicyDocument, approved: string, asked: string) =>
      may(document, 'UpdatePrimaryRegion', {
        ...both('promote', { region: approved }),
        ...CI,
        'kms:PrimaryRegion': asked,
      });
    for (const document of [KEY_POLICY, parsePolicy(there.policy, 'there')]) {
      expect(ask(document, OTHER_REGION, OTHER_REGION)).toBe(true);
      expect(ask(document, OTHER_REGION, REGION)).toBe(false);
      expect(ask(document, 'ap-southeast-1', 'ap-southeast-1')).toBe(false);
    }
  });
});

describe('who may do what', () => {
  it('T53 nobody but the executor, and it only as the one whom the slot names', () => {
    for (const as of [
      ...TWO_OF_THREE.seats.map((seat) => `role/${seat.roleArn.split('/')[1]}`),
      'root',
      'user/admin',
    ]) {
      expect([as, call('rotate', {}, as)]).toEqual([as, false]);
    }
    expect(call('rotate', { 'aws:SourceIdentity': 'architect' })).toBe(false);
    const { 'aws:SourceIdentity': _, ...without } = { ...both('rotate', { executor: '' }), ...CI };
    expect(may(KEY_POLICY, 'RotateKeyOnDemand', without)).toBe(false);
  });

  it('T58 the cold executor puts a policy under the same quorum, and does nothing else', () => {
    expect(call('policy', {}, `role/${COLD}`)).toBe(true);
    expect(may(KEY_POLICY, 'PutKeyPolicy', CI, `role/${COLD}`)).toBe(false);
    expect(call('policy', { 'aws:PrincipalTag/custody:privacy:case-data': '' }, `role/${COLD}`)).toBe(false);
    for (const name of ALL.filter((one) => one !== 'policy')) {
      expect([name, call(name, callContext(name), `role/${COLD}`)]).toEqual([name, false]);
    }
  });

  it('the auditor reads, and nothing else', () => {
    expect(may(KEY_POLICY, 'GetKeyPolicy', {}, `role/${AUDITOR}`)).toBe(true);
    for (const operation of [...MUTATING_OPERATIONS, 'Decrypt', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom']) {
      expect([operation, may(KEY_POLICY, operation, {}, `role/${AUDITOR}`)]).toEqual([operation, false]);
    }
  });

  it('a seat alone reads and vetoes', () => {
    for (const operation of ['DescribeKey', 'GetKeyPolicy', 'CancelKeyDeletion']) {
      expect(may(KEY_POLICY, operation, {}, 'role/PrivacyEngineer')).toBe(true);
    }
    expect(may(KEY_POLICY, 'CancelKeyDeletion', CI)).toBe(false);
  });

  it('T49 replicas are made only while a policy opens it, where the plan wants them', () => {
    const opened = policyOf(interlockOf(2, 3, { opens: ['replicate'] })).document;
    const ask = (document: PolicyDocument, region: string) =>
      may(document, 'ReplicateKey', { ...both('replicate'), ...CI, 'kms:ReplicaRegion': region });
    expect([ask(KEY_POLICY, OTHER_REGION), ask(opened, OTHER_REGION), ask(opened, 'ap-southeast-1')]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('one approval moves the alias from a key to the one that replaces it', () => {
    const successor = interlockOf(2, 3, { keyId: OTHER_KEY, replaces: KEY_ID });
    const { document } = policyOf(successor);
    const ask = (policy: PolicyDocument, key: string) =>
      may(policy, 'UpdateAlias', { ...both('alias-move', { key }), ...CI });
    expect([ask(KEY_POLICY, KEY_ID), ask(document, KEY_ID), ask(document, OTHER_KEY)]).toEqual([true, true, true]);
    expect(ask(KEY_POLICY, OTHER_KEY)).toBe(false);
    expect(may(document, 'DeleteAlias', { ...both('alias-delete', { key: KEY_ID }), ...CI })).toBe(false);
  });

  it('a key of imported material has its own classes, and no automatic rotation', () => {
    const { document, classes } = policyOf(interlockOf(2, 3, { origin: 'EXTERNAL' }));
    for (const operation of ['GetParametersForImport', 'ImportKeyMaterial']) {
      expect(may(document, operation, { ...both('import'), ...CI })).toBe(true);
    }
    expect(classes).toContain('material-off');
    expect(may(document, 'EnableKeyRotation', { ...both('rotation'), ...CI, ...callContext('rotation') })).toBe(false);
  });
});

describe('size', () => {
  it.each([
    [2, 3],
    [2, 4],
    [3, 4],
    [2, 5],
    [3, 5],
  ])('of %i of %i is what docs/enforcement.md says', (threshold, seats) => {
    const { policy, form } = policyOf(interlockOf(threshold, seats));
    const bytes = policy.length.toLocaleString('en-US');
    expect(DOCUMENT).toContain(`| ${threshold} of ${seats} | ${bytes} | ${form} |`);
  });

  it('beyond the limit says what takes the room', () => {
    expect(() => policyOf(interlockOf(4, 7))).toThrow(
      expect.objectContaining({
        code: 'LIMIT_EXCEEDED',
        details: expect.objectContaining({
          bytes: 67_925,
          limit: 32_768,
          bytesByOperation: expect.objectContaining({ 'kms:PutKeyPolicy': expect.any(Number) }),
        }),
      }),
    );
  });
});

describe('refused inputs', () => {
  const cases: readonly (readonly [string, Partial<Interlock>, string])[] = [
    ['a colon in a key name', { keyName: 'case:data' }, 'PLAN_INVALID'],
    ['an upper-case key name', { keyName: 'Root' }, 'PLAN_INVALID'],
    ['an alias for a key id', { keyId: 'alias/root' }, 'PLAN_INVALID'],
    ['a pattern for a key id', { keyId: '*' }, 'PLAN_INVALID'],
    ['a pattern for the key that it replaces', { replaces: '*' }, 'PLAN_INVALID'],
    ['another Region', { regions: [OTHER_REGION] }, 'PLAN_INVALID'],
    ['no Region', { regions: [REGION, '*'] }, 'PLAN_INVALID'],
    ['a threshold of one', { threshold: 1 }, 'PLAN_INVALID'],
    ['a threshold of all', { threshold: 3 }, 'PLAN_INVALID'],
    ['a rule that no seats can meet', { rules: { policy: { distinctRoles: 3 } } }, 'PLAN_INVALID'],
    ['the executor as its own stand-in', { coldExecutorRoleArn: roleArn(EXECUTOR) }, 'PLAN_INVALID'],
    ['a seat as the auditor', { auditorRoleArn: roleArn('PrivacyEngineer') }, 'PLAN_INVALID'],
    ['a role of another account', { auditorRoleArn: 'arn:aws:iam::999988887777:role/a' }, 'PLAN_INVALID'],
    ['two seats of one id', { seats: interlockOf(2, 3).seats.map((seat) => ({ ...seat, id: 'a1' })) }, 'PLAN_INVALID'],
    [
      'an id that would shift its slots',
      { seats: interlockOf(2, 3).seats.map((seat) => ({ ...seat, id: `${seat.id}:x` })) },
      'PLAN_INVALID',
    ],
  ];
  it.each(cases)('%s', (_, change, code) => {
    expect(codeOf(() => policyOf(interlockOf(2, 3, change)))).toBe(code);
  });

  it('seats that are not the custodians', () => {
    const interlock = interlockOf(2, 3);
    const input = { ...inputOf(interlock), custodianRoleArns: inputOf(interlockOf(2, 4)).custodianRoleArns, interlock };
    expect(codeOf(() => synthesizeInterlocked(input))).toBe('PLAN_INVALID');
  });

  it('more than eight seats', () => {
    const seats = Array.from({ length: 9 }, (_, at) => ({
      id: `seat${at}`,
      roleArn: roleArn(`Seat${at}`),
      duty: 'SecurityArchitect',
    }));
    expect(codeOf(() => policyOf({ ...interlockOf(2, 3), seats }))).toBe('LIMIT_EXCEEDED');
  });
});
