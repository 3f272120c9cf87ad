import type { ConditionElement, PolicyStatement, PrincipalElement } from './document.js';
import { parsePolicy } from './document.js';

/** One statement of a policy in words, for the screen of one who has to judge it (T3). */
export interface PolicyLine {
  readonly effect: 'Allow' | 'Deny';
  readonly who: string;
  readonly what: string;
  readonly when: string;
}

/** A key policy, statement by statement. @throws CustodyError POLICY_MALFORMED */
export function policyInWords(text: string, where: string): readonly PolicyLine[] {
  return parsePolicy(text, where).statements.map(lineOf);
}

function lineOf({ effect, principal, action, conditions }: PolicyStatement): PolicyLine {
  const actions = action.patterns.map((pattern) => pattern.replace(/^kms:/i, ''));
  return {
    effect,
    who: principal ? whoOf(principal) : 'nobody',
    what: `${action.not ? 'everything but ' : ''}${actions.length > 12 ? `${actions.length} operations: ` : ''}${actions.join(', ')}`,
    when: conditions.map(conditionText).join(' and '),
  };
}

function whoOf({ not, everyone, aws, service, federated }: PrincipalElement): string {
  const names = [...(everyone ? ['everyone'] : []), ...[...aws, ...service, ...federated].map(shortPrincipal)];
  return `${not ? 'everyone but ' : ''}${names.join(', ')}`;
}

/** A role by its name; an account's root and what is not an ARN in full, since it stands for more than it seems to. */
function shortPrincipal(arn: string): string {
  return /^arn:[^:]+:iam::\d{12}:role\/(.+)$/.exec(arn)?.[1] ?? arn;
}

function conditionText({ operator, key, values }: ConditionElement): string {
  return `${key} ${operator} ${values.map((value) => JSON.stringify(value)).join(' or ')}`;
}
