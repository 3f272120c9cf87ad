import { once } from '../base/once.js';
import { type CompiledCondition, compileCondition } from './conditions.js';
import type { PatternElement, PolicyDocument, PolicyStatement, PolicyVersion } from './document.js';
import type { Keys } from './keys.js';
import { compileAction, type Glob, hasOddWildcard, lowerHeadOf, matchesGlob } from './match.js';
import { compilePrincipal, type PrincipalTest } from './principals.js';
import { all, any, NO, negate, type Truth, UNKNOWN, YES } from './truth.js';
import { compileTemplate, resolveGlob } from './variables.js';

/** A statement with its patterns prepared; made once a document. */
export interface CompiledStatement {
  readonly index: number;
  readonly statement: PolicyStatement;
  readonly principal: PrincipalTest | null;
  readonly action: (lowerAction: string) => boolean;
  /** UNKNOWN when a variable is unset or the element is missing. */
  readonly resource: (arn: string, keys: Keys) => Truth;
  readonly conditions: readonly CompiledCondition[];
}

export interface CompiledDocument {
  readonly allows: readonly CompiledStatement[];
  readonly denies: readonly CompiledStatement[];
}

const MOST_ACTIONS = 256;
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
  if (globs.length === 0) return (action) => names.has(action) !== element.not;
  // A proof asks each statement for the same few dozen actions again and again; a stranger's are not kept for ever.
  const known = new Map<string, boolean>();
  return (action) => {
    if (known.size > MOST_ACTIONS) known.clear();
    return once(known, action, () => (names.has(action) || globs.some((matches) => matches(action))) !== element.not);
  };
}

function compileResource(element: PatternElement | undefined, version: PolicyVersion): CompiledStatement['resource'] {
  if (element === undefined) return () => UNKNOWN;
  const templates = element.patterns.map((pattern) => compileTemplate(pattern, version));
  if (templates.some(({ fixed }) => fixed?.text === '*')) return () => (element.not ? NO : YES);
  return (arn: string, keys: Keys): Truth => {
    const matched = any(templates, (template) => {
      const glob = resolveGlob(template, keys);
      return glob === null || glob === undefined ? UNKNOWN : matchesResource(glob, arn);
    });
    return element.not ? negate(matched) : matched;
  };
}

function matchesResource(glob: Glob, arn: string): Truth {
  if (!matchesGlob(glob, arn)) {
    const lower = lowerHeadOf(glob);
    return lower !== null && matchesGlob(lower, arn) ? UNKNOWN : NO;
  }
  return hasOddWildcard(glob) ? UNKNOWN : YES;
}

/** Do resource and conditions hold? `unnamed`: what holds where there is no Resource. */
export function applies(one: CompiledStatement, resource: string, keys: Keys, unnamed: Truth): Truth {
  const here = one.statement.resource === undefined ? unnamed : one.resource(resource, keys);
  if (here === NO) return NO;
  const conditions = all(one.conditions, ({ test }) => test(keys));
  return here < conditions ? here : conditions;
}

/**
 * What a statement of a resource's policy without Resource is about. A trust policy: the role that it hangs on. A key policy: nothing, "the
 * policy statement has no effect" (PutKeyPolicy). Elsewhere AWS would not have stored it.
 */
export function whereUnnamed(action: string): Truth {
  if (action.startsWith('sts:')) return YES;
  return action.startsWith('kms:') ? NO : UNKNOWN;
}
