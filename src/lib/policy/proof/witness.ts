import { compiled } from '../compile.js';
import { readOperator } from '../conditions.js';
import type { ConditionElement, PolicyDocument, PolicyStatement } from '../document.js';
import { type Context, keysOf } from '../keys.js';
import type { Principal } from '../principals.js';
import { compileTemplate, resolveText } from '../variables.js';
import type { Settled } from './project.js';
import { variablesOf } from './satisfy.js';

/** More combinations are not tried: then nothing is claimed either way. */
const MOST_CONTEXTS = 256;
const NONE = new Map<string, readonly string[]>();

type Wish = string | readonly string[] | null;

/** What may let someone in: one of the documents of each layer must. */
export type Layers = readonly (readonly PolicyDocument[])[];

/**
 * Requests that could get through these policies: for each Allow the values that its conditions on free keys ask for, then
 * what avoids the Denies. They are tried on the whole policies, so a guess too many costs time and proves nothing wrong.
 */
export function* contextsFor(layers: Layers, ask: Ask, fixed: Context, settled: Settled): Generator<Context> {
  const denies = layers.flat().flatMap((document) => relevant(document, ask, 'denies'));
  let left = MOST_CONTEXTS;
  for (const wished of wishing(layers, ask, fixed, settled)) {
    for (const context of avoiding(wished, denies, settled)) {
      yield context;
      left -= 1;
      if (left === 0) return;
    }
  }
}

/** Who asks, and for what. */
interface Ask {
  readonly principal: Principal;
  /** In lower case. */
  readonly action: string;
}

interface Versioned {
  readonly statement: PolicyStatement;
  readonly version: PolicyDocument['version'];
}

/** Only what is about the asker: a policy that names hundreds must not be tried with the wishes of all the others. */
function relevant(
  document: PolicyDocument,
  { principal, action }: Ask,
  effect: 'allows' | 'denies',
): readonly Versioned[] {
  return compiled(document)
    [effect].filter(
      (one) =>
        one.statement.conditions.length > 0 &&
        one.action(action) &&
        // With a boundary a Deny reaches further: asked so, none is left out.
        (one.principal === null || one.principal.reach(principal) !== null || one.principal.covers(principal, true)),
    )
    .map(({ statement }) => ({ statement, version: document.version }));
}

/** For each choice of one Allow a layer, what they ask for together. */
function* wishing([layer, ...rest]: Layers, ask: Ask, fixed: Context, settled: Settled): Generator<Context> {
  if (layer === undefined) {
    yield fixed;
    return;
  }
  yield* wishing(rest, ask, fixed, settled);
  for (const { statement, version } of layer.flatMap((document) => relevant(document, ask, 'allows'))) {
    yield* wishing(rest, ask, wishes(statement, version, fixed, settled), settled);
  }
}

/** The settled keys with one value for each free key that the statement asks for. */
function wishes({ conditions }: PolicyStatement, version: PolicyDocument['version'], fixed: Context, settled: Settled) {
  const context: Record<string, string | readonly string[]> = { ...fixed };
  const isOpen = (key: string) => !settled.present.has(key) && !settled.absent.has(key) && !Object.hasOwn(context, key);
  for (const condition of conditions) {
    const key = condition.key.toLowerCase();
    // What it is compared with may be free as well: then both are chosen alike.
    for (const variable of variablesOf(condition.values[0] ?? '', version) ?? []) {
      if (isOpen(variable.key)) context[variable.key] = context[key] ?? 'any';
    }
    if (!isOpen(key)) continue;
    const value = wish(condition, version, context);
    if (value !== null) context[key] = value;
  }
  return context;
}

/** Variants in which keys that only Denies speak of are left out, as they say, or otherwise. */
function* avoiding(context: Context, denies: readonly Versioned[], { present, absent }: Settled): Generator<Context> {
  const given = new Set(Object.keys(context).map((name) => name.toLowerCase()));
  const keys = new Map<string, readonly Wish[]>();
  for (const { statement, version } of denies) {
    for (const condition of statement.conditions) {
      const key = condition.key.toLowerCase();
      if (present.has(key) || absent.has(key) || given.has(key)) continue;
      const named = wish(condition, version, context);
      const more = [named, other(condition), spared(condition)];
      keys.set(key, [...new Set([null, ...(keys.get(key) ?? []), ...more])]);
    }
  }
  yield* combined(context, [...keys]);
}

function* combined(
  context: Context,
  [first, ...rest]: readonly (readonly [string, readonly Wish[]])[],
): Generator<Context> {
  if (first === undefined) {
    yield context;
    return;
  }
  for (const value of first[1]) yield* combined(value === null ? context : { ...context, [first[0]]: value }, rest);
}

/** A value that meets a condition; null where the key is better left out. */
function wish({ operator, values }: ConditionElement, version: PolicyDocument['version'], context: Context): Wish {
  const parsed = readOperator(operator);
  if (parsed === null) return null;
  if (parsed.name === 'Null') return values.some((value) => value.toLowerCase() === 'true') ? null : 'any';
  if (parsed.operator?.negated) return null;
  const keys = keysOf(context, NONE);
  for (const value of values) {
    const resolved = resolveText(compileTemplate(value, version), keys);
    if (typeof resolved === 'string')
      return parsed.quantifier ? [meeting(parsed.name, resolved)] : meeting(parsed.name, resolved);
  }
  return null;
}

/** What a Deny for everything else says it is not for; null where it speaks of no other. */
function spared({ operator, values: [value] }: ConditionElement): Wish {
  const parsed = readOperator(operator);
  if (!parsed?.operator?.negated || value === undefined) return null;
  return parsed.quantifier ? [meeting(parsed.name, value)] : meeting(parsed.name, value);
}

/** What a comparison holds for: of a pattern one text that it matches. */
function meeting(name: string, value: string): string {
  if (name.endsWith('Like') || name.startsWith('Arn')) return value.replaceAll('*', 'any').replaceAll('?', 'a');
  if (name.endsWith('IpAddress')) return value.split('/')[0] ?? value;
  if (name === 'NumericLessThan') return String(Number(value) - 1);
  if (name === 'NumericGreaterThan') return String(Number(value) + 1);
  if (name === 'DateLessThan') return '1980-01-01T00:00:00Z';
  return name === 'DateGreaterThan' ? '2199-01-01T00:00:00Z' : value;
}

/** A value of the same kind that is probably not the one meant. */
function other({ operator, values }: ConditionElement): Wish {
  const [value = ''] = values;
  if (/Bool/.test(operator)) return value.toLowerCase() === 'true' ? 'false' : 'true';
  if (/Numeric/.test(operator)) return '0';
  if (/Date/.test(operator)) return '2199-01-01T00:00:00Z';
  if (/IpAddress/.test(operator)) return '198.51.100.7';
  return /Arn/.test(operator) ? 'arn:aws:iam::000000000001:role/other' : 'other';
}
