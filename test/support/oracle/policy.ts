import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import type { Case } from '../../lib/policy/cases.js';

/** Policies of a case as JSON that a difference may rewrite. */
export type Values = string | readonly string[];
export type Block = Readonly<Record<string, Readonly<Record<string, Values>>>>;
export type Who = '*' | Readonly<Record<string, Values>>;

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: Who;
  readonly NotPrincipal?: Who;
  readonly Action?: Values;
  readonly NotAction?: Values;
  readonly Resource?: Values;
  readonly NotResource?: Values;
  readonly Condition?: Block;
}

export interface Policy {
  readonly Version: '2012-10-17' | '2008-10-17';
  readonly Statement: readonly Statement[];
}

export type Place = 'resource' | 'identity' | 'session' | 'boundary' | 'scp' | 'rcp';

/** A case of the evaluator, its policies typed. */
export type Call = Required<Pick<Case, 'action' | 'resource' | 'principal' | 'authority'>> & {
  readonly context: Readonly<Record<string, Values>>;
  readonly resourcePolicy?: Policy;
  readonly identityPolicies: readonly Policy[];
  readonly sessionPolicies: readonly Policy[];
  readonly boundary?: Policy;
  readonly scp: readonly (readonly Policy[])[];
  readonly rcp: readonly (readonly Policy[])[];
};

/** As the evaluator's vectors are written. */
export function caseOf(call: Call): Case {
  return call as unknown as Case & JsonObject;
}

export const ALLOW_ALL: Statement = { Effect: 'Allow', Action: '*', Resource: '*' };
export const policyOf = (...statements: readonly Statement[]): Policy => ({
  Version: '2012-10-17',
  Statement: statements,
});

export function listOf(values: Values | undefined): readonly string[] {
  return values === undefined ? [] : typeof values === 'string' ? [values] : values;
}

/** What a statement becomes; `null` takes it away. */
export type Rewrite = (statement: Statement, place: Place, policy: Policy) => Statement | null;

/** Every statement of every policy of a call, rewritten. A policy may be left without statements. */
export function rewritten(call: Call, rewrite: Rewrite): Call {
  const one = (place: Place) => (policy: Policy) => ({
    ...policy,
    Statement: policy.Statement.flatMap((statement) => rewrite(statement, place, policy) ?? []),
  });
  return {
    ...call,
    ...(call.resourcePolicy && { resourcePolicy: one('resource')(call.resourcePolicy) }),
    ...(call.boundary && { boundary: one('boundary')(call.boundary) }),
    identityPolicies: call.identityPolicies.map(one('identity')),
    sessionPolicies: call.sessionPolicies.map(one('session')),
    scp: call.scp.map((level) => level.map(one('scp'))),
    rcp: call.rcp.map((level) => level.map(one('rcp'))),
  };
}

/** One operator applied to one key. */
export interface Test {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** `true`: as if it held; `false`: as if it did not; a test in its place. */
export type Verdict = boolean | Test;

/** A statement with each test of its conditions replaced. */
export function withTests(statement: Statement, replace: (test: Test) => Verdict): Statement | null {
  if (statement.Condition === undefined) return statement;
  const { Condition: _old, ...bare } = statement;
  const block: Record<string, Record<string, Values>> = {};
  for (const [operator, keys] of Object.entries(statement.Condition)) {
    for (const [key, values] of Object.entries(keys)) {
      const verdict = replace({ operator, key, values: listOf(values) });
      if (verdict === false) return null;
      if (verdict === true) continue;
      block[verdict.operator] = { ...block[verdict.operator], [verdict.key]: verdict.values };
    }
  }
  return Object.keys(block).length === 0 ? bare : { ...bare, Condition: block };
}
