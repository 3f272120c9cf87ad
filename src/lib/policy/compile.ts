import { type ConditionTest, compileCondition, conditionsHold } from './conditions.js';
import type { PatternElement, PolicyDocument, PolicyStatement, PolicyVersion } from './document.js';
import type { Keys } from './keys.js';
import { compileAction, matchesGlob } from './match.js';
import { compilePrincipal, type PrincipalTest } from './principals.js';
import { any, NO, negate, type Truth, truthOf, UNKNOWN, YES } from './truth.js';
import { compileTemplate, resolveGlob } from './variables.js';

/** A statement with its patterns prepared; made once a document. */
export interface CompiledStatement {
  readonly index: number;
  readonly statement: PolicyStatement;
  readonly principal: PrincipalTest | null;
  readonly action: (lowerAction: string) => boolean;
  /** UNKNOWN when a variable is unset or the element is missing. */
  readonly resource: (arn: string, keys: Keys) => Truth;
  readonly conditions: readonly ConditionTest[];
}

export interface CompiledDocument {
  readonly allows: readonly CompiledStatement[];
  readonly denies: readonly CompiledStatement[];
}

const CACHE = new WeakMap<PolicyDocument, CompiledDocument>();

/** The document in the form that evaluates fast; made once a document. */
export function compiled(document: PolicyDocument): CompiledDocument {
  const known = CACHE.get(document);
  if (known) return known;
  const all = document.statements.map((statement, index) => compileStatement(statement, index, document.version));
  const result = {
    allows: all.filter(({ statement }) => statement.effect === 'Allow'),
    denies: all.filter(({ statement }) => statement.effect === 'Deny'),
  };
  CACHE.set(document, result);
  return result;
}

function compileStatement(statement: PolicyStatement, index: number, version: PolicyVersion): CompiledStatement {
  return {
    index,
    statement,
    principal: statement.principal ? compilePrincipal(statement.principal) : null,
    action: compileActions(statement.action),
    resource: compileResource(statement.resource, version),
    conditions: statement.conditions.map((condition) => compileCondition(condition, version)),
  };
}

function compileActions(element: PatternElement): (lowerAction: string) => boolean {
  const names = new Set(element.patterns.filter((name) => !/[*?]/.test(name)).map((name) => name.toLowerCase()));
  const globs = element.patterns.filter((name) => /[*?]/.test(name)).map(compileAction);
  return (action) => (names.has(action) || globs.some((matches) => matches(action))) !== element.not;
}

function compileResource(element: PatternElement | undefined, version: PolicyVersion): CompiledStatement['resource'] {
  if (element === undefined) return () => UNKNOWN;
  const templates = element.patterns.map((pattern) => compileTemplate(pattern, version));
  if (templates.some(({ fixed }) => fixed?.text === '*')) return () => (element.not ? NO : YES);
  return (arn: string, keys: Keys): Truth => {
    const matched = any(templates, (template) => {
      const glob = resolveGlob(template, keys);
      return glob === null || glob === undefined ? UNKNOWN : truthOf(matchesGlob(glob, arn));
    });
    return element.not ? negate(matched) : matched;
  };
}

/** Do resource and conditions hold? UNKNOWN counts against an Allow and for a Deny. `unnamed`: when there is no Resource. */
export function applies(one: CompiledStatement, resource: string, keys: Keys, unnamed: Truth): boolean {
  const { effect } = one.statement;
  const here = one.statement.resource === undefined ? unnamed : one.resource(resource, keys);
  if (here === NO || (here === UNKNOWN && effect === 'Allow')) return false;
  return conditionsHold(one.conditions, keys, effect);
}
