import type { PolicyDifference } from './difference.js';
import type { ConditionElement, PatternElement, PolicyStatement, PrincipalElement } from './document.js';
import { parsePolicy } from './document.js';
import { KEY_OPERATIONS, LATER_OPERATION } from './operations.js';

/** One statement of a policy in words, for the screen of one who has to judge it (T3). */
export interface PolicyLine {
  readonly effect: 'Allow' | 'Deny';
  readonly who: string;
  readonly what: string;
  readonly when: string;
}

/** A key policy of a key in `account`, statement by statement. @throws CustodyError POLICY_MALFORMED */
export function policyInWords(text: string, where: string, account: string): readonly PolicyLine[] {
  return parsePolicy(text, where).statements.map((statement) => lineOf(statement, account));
}

/** One statement of a policy of a key in `account`. */
export function lineOf(
  { effect, principal, action, conditions, resource }: PolicyStatement,
  account: string,
): PolicyLine {
  const actions = action.patterns.map((pattern) => pattern.replace(/^kms:/i, ''));
  return {
    effect,
    who: principal ? whoOf(principal, account) : 'nobody',
    what: `${action.not ? 'everything but ' : ''}${actions.length > 12 ? `${actions.length} operations: ` : ''}${actions.join(', ')}`,
    when: [...conditions.map(conditionText), ...resourceText(resource)].join(' and '),
  };
}

/** In a key policy the resource is the key itself; anything else narrows the statement, or takes its effect. */
function resourceText(resource: PatternElement | undefined): readonly string[] {
  if (resource === undefined) return ['the key were named, which it is not'];
  const plain = !resource.not && resource.patterns.length === 1 && resource.patterns[0] === '*';
  return plain ? [] : [`the key ${resource.not ? 'is not' : 'is'} ${resource.patterns.join(' or ')}`];
}

function whoOf({ not, everyone, aws, service, federated, canonicalUser }: PrincipalElement, account: string): string {
  const listed = [...aws, ...service, ...federated, ...canonicalUser];
  const names = [...(everyone ? ['everyone'] : []), ...listed.map((arn) => shortPrincipal(arn, account))];
  return `${not ? 'everyone but ' : ''}${names.join(', ')}`;
}

/**
 * A role of the key's own account by its name. Another account's role may have the same one, and an account's root stands
 * for more than it seems to: these stay whole.
 */
function shortPrincipal(arn: string, account: string): string {
  const [, of, name] = /^arn:[^:]+:iam::(\d{12}):role\/(.+)$/.exec(arn) ?? [];
  return of === account && name !== undefined ? name : arn;
}

/** Who that is whom two policies treat differently. */
export function principalInWords(principal: string, account: string): string {
  if (principal === '*') return 'everyone else, in any account';
  const of = /^account (\d{12})$/.exec(principal)?.[1];
  return of === undefined ? shortPrincipal(principal, account) : `account ${of}, its root and all whom it lets`;
}

/** What changes for one principal, one sentence for each way in which it does. */
export function differenceInWords({ gains, loses, conditional }: PolicyDifference): readonly PowerWords[] {
  const under = conditional.filter((name) => !gains.includes(name) && !loses.includes(name));
  return [
    ...(gains.length > 0 ? [{ sign: '+' as const, text: `gains ${operationsText(gains, conditional)}` }] : []),
    ...(loses.length > 0 ? [{ sign: '-' as const, text: `loses ${operationsText(loses, conditional)}` }] : []),
    ...(under.length > 0 ? [{ sign: '~' as const, text: `under other conditions: ${operationsText(under, [])}` }] : []),
  ];
}

/** `+` gains, `-` loses, `~` the same under other conditions. */
export interface PowerWords {
  readonly sign: '+' | '-' | '~';
  readonly text: string;
}

function operationsText(names: readonly string[], conditional: readonly string[]): string {
  const of = (all: readonly string[]) => {
    const known = all.filter((name) => name !== LATER_OPERATION);
    const whole = known.length === KEY_OPERATIONS.length;
    const later = known.length === all.length ? [] : ['whatever AWS adds later'];
    return [...(whole ? [`all ${known.length} operations`] : known), ...later].join(', ');
  };
  const [always, sometimes] = [
    names.filter((name) => !conditional.includes(name)),
    names.filter((name) => conditional.includes(name)),
  ];
  return [
    ...(always.length > 0 ? [of(always)] : []),
    ...(sometimes.length > 0 ? [`where conditions hold ${of(sometimes)}`] : []),
  ].join('; ');
}

function conditionText({ operator, key, values }: ConditionElement): string {
  return `${key} ${operator} ${values.map((value) => JSON.stringify(value)).join(' or ')}`;
}
