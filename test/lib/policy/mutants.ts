import { isObject } from '../../../src/lib/base/fields.js';

/** A policy with one thing taken out of it, and what that was. */
export interface Mutant {
  readonly what: string;
  /** Index of the statement that it was taken from. */
  readonly statement: number;
  readonly policy: string;
}

type Json = Record<string, unknown>;

/**
 * Every policy that lacks one statement, condition operator, condition key, value, action or principal of this one. The last
 * value of a list and the last key of an operator go with what holds them.
 */
export function mutantsOf(policy: string): readonly Mutant[] {
  const document = JSON.parse(policy) as { Statement: Json[] };
  return document.Statement.flatMap((statement, at) => {
    const name = String(statement.Sid ?? at);
    const others = document.Statement.filter((_, index) => index !== at);
    const whole = { what: `${name}`, statement: at, policy: JSON.stringify({ ...document, Statement: others }) };
    const cuts = [...cutsOf(statement)].map(([what, changed]) => ({
      what: `${name} ${what}`,
      statement: at,
      policy: JSON.stringify({
        ...document,
        Statement: document.Statement.map((one, index) => (index === at ? changed : one)),
      }),
    }));
    return [...(others.length > 0 ? [whole] : []), ...cuts];
  });
}

/** Every policy that lacks one line of a condition of this one. */
export function withoutConditions(policy: string): readonly Mutant[] {
  const document = JSON.parse(policy) as { Statement: Json[] };
  return document.Statement.flatMap((statement, at) =>
    Object.entries((statement.Condition ?? {}) as Record<string, Json>).flatMap(([operator, keys]) =>
      Object.keys(keys).map((key) => {
        const changed = withKeys(statement, operator, key, undefined);
        const Statement = document.Statement.map((one, index) => (index === at ? changed : one));
        const what = `${String(statement.Sid ?? at)} ${operator} ${key}`;
        return { what, statement: at, policy: JSON.stringify({ ...document, Statement }) };
      }),
    ),
  );
}

function* cutsOf(statement: Json): Generator<readonly [string, Json]> {
  for (const element of ['Action', 'NotAction', 'Resource']) {
    for (const [item, rest] of without(statement[element]))
      yield [`${element} ${item}`, { ...statement, [element]: rest }];
  }
  if (isObject(statement.Principal)) {
    for (const [item, rest] of without(statement.Principal.AWS)) {
      yield [`Principal ${item}`, { ...statement, Principal: { AWS: rest } }];
    }
  }
  if (!isObject(statement.Condition)) return;
  for (const [operator, keys] of Object.entries(statement.Condition)) {
    for (const [key, values] of Object.entries(keys as Json)) {
      yield [`${operator} ${key}`, withKeys(statement, operator, key, undefined)];
      for (const [item, rest] of without(values)) {
        yield [`${operator} ${key} ${item}`, withKeys(statement, operator, key, rest)];
      }
    }
  }
}

/** Each item of a list, and the list without it. */
function* without(list: unknown): Generator<readonly [string, unknown]> {
  if (!Array.isArray(list) || list.length < 2) return;
  for (const [at, item] of list.entries()) yield [String(item), list.filter((_, index) => index !== at)];
}

function withKeys(statement: Json, operator: string, key: string, values: unknown): Json {
  const { [key]: _, ...keys } = (statement.Condition as Record<string, Json>)[operator] ?? {};
  const kept = values === undefined ? keys : { ...keys, [key]: values };
  const { [operator]: __, ...operators } = statement.Condition as Record<string, Json>;
  const condition = Object.keys(kept).length === 0 ? operators : { ...operators, [operator]: kept };
  const { Condition: ___, ...rest } = statement;
  return Object.keys(condition).length === 0 ? rest : { ...rest, Condition: condition };
}
