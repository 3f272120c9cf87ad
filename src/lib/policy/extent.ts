import type { PolicyDocument, PolicyStatement } from './document.js';
import { type Decision, evaluate, FULL_ACCESS } from './evaluate.js';
import { mayBeAllowed } from './may-be-allowed.js';
import type { Named } from './named.js';

/** The key that two policies are about. */
export interface PolicyPlace {
  readonly account: string;
  readonly region: string;
  readonly keyArn: string;
}

/** What a policy gives someone: `conditional` where it depends on conditions of the request. */
export type Power = 'never' | 'conditional' | 'always';
/** More is more power. */
export const STRENGTH: Readonly<Record<Power, number>> = { never: 0, conditional: 1, always: 2 };

/** One policy, ready to be asked what someone may do under any condition, and what under every condition. */
export interface Side {
  readonly atMost: PolicyDocument;
  readonly atLeast: PolicyDocument;
  readonly whole: PolicyDocument;
}

/** A policy under no condition, and under every condition at once. */
export function sideOf(whole: PolicyDocument): Side {
  const { statements } = whole;
  const free = (statement: PolicyStatement): PolicyStatement => ({ ...statement, conditions: [] });
  const unconditional = ({ conditions }: PolicyStatement) => conditions.length === 0;
  const allows = statements.filter(({ effect }) => effect === 'Allow');
  const denies = statements.filter(({ effect }) => effect === 'Deny');
  return {
    whole,
    atMost: { ...whole, statements: [...allows.map(free), ...denies.filter(unconditional)] },
    atLeast: { ...whole, statements: [...allows.filter(unconditional), ...denies.map(free)] },
  };
}

/** What a policy gives one principal of one operation. */
export function powerOf(side: Side, named: Named, operation: string, place: PolicyPlace): Power {
  if (!mayBeAllowed(ask(side.atMost, named, operation, place))) return 'never';
  return ask(side.atLeast, named, operation, place).allowed ? 'always' : 'conditional';
}

/** What an account's own policies let its roles do is not asked: whoever the key policy lets may be let by them. */
function ask(
  resourcePolicy: PolicyDocument,
  { principal }: Named,
  operation: string,
  { keyArn, account }: PolicyPlace,
): Decision {
  const foreign = principal.account !== account;
  return evaluate({
    action: `kms:${operation}`,
    resource: keyArn,
    principal,
    context: {},
    resourcePolicy,
    resourceIsAuthority: true,
    ...(foreign ? { identityPolicies: [FULL_ACCESS] } : {}),
  });
}
