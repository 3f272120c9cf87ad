import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConditionElement, PolicyDocument, PolicyStatement } from '../../src/lib/policy/document.js';
import { type EvaluationInput, evaluate, FULL_ACCESS } from '../../src/lib/policy/evaluate.js';
import { globOf, matchesGlob } from '../../src/lib/policy/match.js';
import { ACCOUNT, KEY, principalOf } from '../lib/policy/cases.js';

const tagged = `$${'{aws:PrincipalTag/a}'}`;
const ACTIONS = ['kms:Decrypt', 'kms:Encrypt', 'kms:PutKeyPolicy'];
const PRINCIPALS = ['role/App', 'role/Other', 'user/bob', 'root', 'role/App@444455556666', 'service/s3.amazonaws.com'];
const KEYS = ['aws:SourceIdentity', 'aws:PrincipalTag/a', 'aws:TagKeys', 'kms:ViaService', 'aws:ResourceTag/x'];
const VALUES = ['a', 'b', '*', '30', 'true', tagged, '', '2026-01-01T00:00:00Z'];
const OPERATORS = [
  ...['StringEquals', 'StringNotEquals', 'StringLike', 'StringNotLike', 'StringEqualsIfExists', 'Null', 'Bool'],
  ...['ForAllValues:StringEquals', 'ForAnyValue:StringNotLike', 'NumericLessThan', 'DateGreaterThan', 'NoSuchOperator'],
];

const patterns = (items: readonly string[]) => fc.subarray([...items], { minLength: 1 });
const condition: fc.Arbitrary<ConditionElement> = fc.record({
  operator: fc.constantFrom(...OPERATORS),
  key: fc.constantFrom(...KEYS),
  values: patterns(VALUES),
});
const principal = fc.record({
  not: fc.boolean(),
  everyone: fc.boolean(),
  aws: fc.subarray([
    ACCOUNT,
    `arn:aws:iam::${ACCOUNT}:role/App`,
    `arn:aws:sts::${ACCOUNT}:assumed-role/App/session`,
    'arn:aws:iam::444455556666:root',
  ]),
  service: fc.subarray(['s3.amazonaws.com']),
  federated: fc.constant<string[]>([]),
  canonicalUser: fc.constant<string[]>([]),
});
const statement: fc.Arbitrary<PolicyStatement> = fc.record({
  effect: fc.constantFrom<'Allow' | 'Deny'>('Allow', 'Allow', 'Deny'),
  principal,
  action: fc.record({ not: fc.boolean(), patterns: patterns([...ACTIONS, 'kms:*', 'kms:?ncrypt']) }),
  resource: fc.record({ not: fc.boolean(), patterns: patterns(['*', KEY, `arn:aws:kms:*:*:key/${tagged}`]) }),
  conditions: fc.array(condition, { maxLength: 2 }),
});
const policy: fc.Arbitrary<PolicyDocument> = fc.record({
  version: fc.constantFrom<'2012-10-17' | '2008-10-17'>('2012-10-17', '2008-10-17'),
  statements: fc.array(statement, { minLength: 1, maxLength: 4 }),
});
const input: fc.Arbitrary<EvaluationInput> = fc.record(
  {
    action: fc.constantFrom(...ACTIONS),
    resource: fc.constant(KEY),
    principal: fc.constantFrom(...PRINCIPALS.map(principalOf)),
    context: fc.dictionary(
      fc.constantFrom(...KEYS),
      fc.oneof(fc.constantFrom(...VALUES), fc.array(fc.constantFrom(...VALUES))),
    ),
    resourceIsAuthority: fc.boolean(),
    resourcePolicy: policy,
    identityPolicies: fc.array(policy, { maxLength: 2 }),
    sessionPolicies: fc.array(policy, { maxLength: 1 }),
    boundary: policy,
    serviceControlPolicies: fc.array(fc.array(policy, { maxLength: 2 }), { maxLength: 2 }),
  },
  { requiredKeys: ['action', 'resource', 'principal', 'context', 'resourceIsAuthority'] },
);
const runs = { numRuns: 1000 };

const everyone = { not: false, everyone: true, aws: [], service: [], federated: [], canonicalUser: [] };
const denyAll: PolicyDocument = {
  version: '2012-10-17',
  statements: [
    {
      effect: 'Deny',
      action: { not: false, patterns: ['*'] },
      resource: { not: false, patterns: ['*'] },
      conditions: [],
    },
  ],
};

/** Every place in which a call may carry policies, changed by `change`. */
function changed(given: EvaluationInput, change: (document: PolicyDocument) => PolicyDocument): EvaluationInput {
  return {
    ...given,
    ...(given.resourcePolicy && { resourcePolicy: change(given.resourcePolicy) }),
    ...(given.identityPolicies && { identityPolicies: given.identityPolicies.map(change) }),
    ...(given.sessionPolicies && { sessionPolicies: given.sessionPolicies.map(change) }),
    ...(given.boundary && { boundary: change(given.boundary) }),
    ...(given.serviceControlPolicies && {
      serviceControlPolicies: given.serviceControlPolicies.map((level) => level.map(change)),
    }),
  };
}

const allowed = (given: EvaluationInput) => evaluate(given).allowed;
const implies = (narrower: EvaluationInput, wider: EvaluationInput) => !allowed(narrower) || allowed(wider);

/** Each statement of one effect with a further condition. */
function withCondition(effect: 'Allow' | 'Deny', extra: ConditionElement) {
  return (document: PolicyDocument): PolicyDocument => ({
    ...document,
    statements: document.statements.map((one) =>
      one.effect === effect ? { ...one, conditions: [...one.conditions, extra] } : one,
    ),
  });
}

describe('evaluate', () => {
  it('reaches both answers on these inputs', () => {
    const answers = fc.sample(input, { numRuns: 2000, seed: 7 }).map(allowed);
    expect(new Set(answers)).toEqual(new Set([true, false]));
    expect(answers.filter((answer) => answer).length).toBeGreaterThan(50);
  });

  it('an explicit deny anywhere wins', () => {
    const places: readonly ((given: EvaluationInput) => EvaluationInput)[] = [
      (given) => ({
        ...given,
        resourcePolicy: {
          version: '2012-10-17',
          statements: [
            ...(given.resourcePolicy?.statements ?? []),
            ...denyAll.statements.map((one) => ({ ...one, principal: everyone })),
          ],
        },
      }),
      (given) => ({ ...given, identityPolicies: [...(given.identityPolicies ?? []), denyAll] }),
      (given) => ({ ...given, sessionPolicies: [...(given.sessionPolicies ?? []), denyAll] }),
      (given) => ({ ...given, boundary: denyAll }),
      (given) => ({ ...given, resourceControlPolicies: [[denyAll]] }),
      (given) => ({ ...given, grantAllows: true, identityPolicies: [denyAll] }),
    ];
    fc.assert(
      fc.property(
        input,
        fc.constantFrom(...places),
        (given, place) => evaluate(place(given)).reason === 'explicit-deny',
      ),
      runs,
    );
  });

  it('taking away an Allow never grants', () => {
    fc.assert(
      fc.property(input, fc.nat({ max: 3 }), (given, at) => {
        const fewer = changed(given, (document) => ({
          ...document,
          statements: document.statements.filter((one, index) => one.effect === 'Deny' || index !== at),
        }));
        return implies(fewer, given);
      }),
      runs,
    );
  });

  it('a further condition on an Allow never widens', () => {
    fc.assert(
      fc.property(input, condition, (given, extra) => implies(changed(given, withCondition('Allow', extra)), given)),
      runs,
    );
  });

  it('a further condition on a Deny never narrows what is allowed', () => {
    fc.assert(
      fc.property(input, condition, (given, extra) => implies(given, changed(given, withCondition('Deny', extra)))),
      runs,
    );
  });

  it('what AWS does not know never opens a door', () => {
    const unknown = { operator: 'NoSuchOperator', key: 'aws:SourceIdentity', values: ['a'] };
    fc.assert(
      fc.property(input, (given) => {
        const odd = changed(given, (document) => withCondition('Allow', unknown)(document));
        const denied = changed(given, withCondition('Deny', unknown));
        const delegated = given.principal.kind === 'root' && !given.resourceIsAuthority;
        expect(allowed(odd) && !delegated).toBe(false);
        expect(implies(denied, given)).toBe(true);
      }),
      runs,
    );
  });

  it('says so when a denial rests on what AWS does not know', () => {
    const isOdd = ({ operator }: ConditionElement) => operator === 'NoSuchOperator';
    const favourable = (document: PolicyDocument): PolicyDocument => ({
      ...document,
      statements: document.statements
        .filter(({ effect, conditions }) => effect === 'Allow' || !conditions.some(isOdd))
        .map((one) => ({ ...one, conditions: one.conditions.filter((condition) => !isOdd(condition)) })),
    });
    let told = 0;
    fc.assert(
      fc.property(input, (given) => {
        const { allowed: may, unresolved } = evaluate(given);
        expect(may && unresolved !== undefined).toBe(false);
        if (may || !allowed(changed(given, favourable))) return;
        told++;
        // Another doubt may have come first, which alone would have let the call through as well.
        expect(unresolved?.length).toBeGreaterThan(0);
      }),
      { numRuns: 4000 },
    );
    expect(told).toBeGreaterThan(5);
  });

  it('session policies, boundaries and organization policies only take away', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { sessionPolicies: _session, boundary: _boundary, serviceControlPolicies: _scp, ...free } = given;
        return implies(given, free);
      }),
      runs,
    );
  });

  it('full access in every limit is as no limit', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { sessionPolicies: _session, boundary: _boundary, serviceControlPolicies: _scp, ...free } = given;
        // AWS denies by NotPrincipal whoever has a boundary at all ("NotPrincipal").
        fc.pre(!given.resourcePolicy?.statements.some((one) => one.effect === 'Deny' && one.principal?.not));
        const limited = {
          ...free,
          sessionPolicies: [FULL_ACCESS],
          boundary: FULL_ACCESS,
          serviceControlPolicies: [[FULL_ACCESS]],
        };
        return allowed(limited) === allowed(free);
      }),
      runs,
    );
  });

  it('the order of statements does not change the answer', () => {
    const reversed = (document: PolicyDocument) => ({ ...document, statements: [...document.statements].reverse() });
    fc.assert(
      fc.property(input, (given) => evaluate(changed(given, reversed)).reason === evaluate(given).reason),
      runs,
    );
  });

  it('the case of actions and of key names does not change the answer', () => {
    fc.assert(
      fc.property(input, (given) => {
        const context = Object.fromEntries(
          Object.entries(given.context).map(([key, value]) => [key.toUpperCase(), value]),
        );
        const other = { ...given, action: given.action.toUpperCase(), context };
        return evaluate(other).reason === evaluate(given).reason;
      }),
      runs,
    );
  });

  it('names a statement that is there, of the right effect', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { by, reason } = evaluate(given);
        if (by?.policy !== 'resource') return;
        const effect = given.resourcePolicy?.statements[by.index]?.effect;
        expect(effect).toBe(reason === 'allowed' ? 'Allow' : 'Deny');
      }),
      runs,
    );
  });
});

describe('matchesGlob', () => {
  it('agrees with a regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(matchesGlob(globOf(pattern), text)).toBe(expression.test(text));
      }),
      { numRuns: 2000 },
    );
  });
});
