import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { NAMES, type Name, type Texts } from './world.js';

/** The texts with one condition less. */
export interface Mutation {
  readonly name: Name;
  readonly sid: string;
  /** `operator key`. */
  readonly dropped: string;
  readonly texts: Texts;
}

/** Every way to drop one line of a condition, in all the texts. */
export function mutationsOf(texts: Texts): readonly Mutation[] {
  return NAMES.flatMap((name) =>
    statementsOf(texts[name]).flatMap((statement, at) =>
      linesOf(statement).map(([operator, key]) => ({
        name,
        sid: String(statement.Sid),
        dropped: `${operator} ${key}`,
        texts: { ...texts, [name]: without(texts[name], at, operator, key) },
      })),
    ),
  );
}

function statementsOf(text: JsonObject): readonly JsonObject[] {
  return text.Statement as readonly JsonObject[];
}

function conditionOf(statement: JsonObject): Readonly<Record<string, JsonObject>> {
  return (statement.Condition ?? {}) as Readonly<Record<string, JsonObject>>;
}

function linesOf(statement: JsonObject): readonly (readonly [string, string])[] {
  return Object.entries(conditionOf(statement)).flatMap(([operator, keys]) =>
    Object.keys(keys).map((key) => [operator, key] as const),
  );
}

function without(text: JsonObject, index: number, operator: string, key: string): JsonObject {
  const statements = statementsOf(text).map((statement, at) => {
    if (at !== index) return statement;
    const { Condition: _all, ...rest } = statement;
    const left = Object.entries(conditionOf(statement)).flatMap(([name, keys]) => {
      const kept = Object.entries(keys).filter(([one]) => name !== operator || one !== key);
      return kept.length === 0 ? [] : [[name, Object.fromEntries(kept)] as const];
    });
    return left.length === 0 ? rest : { ...rest, Condition: Object.fromEntries(left) };
  });
  return { ...text, Statement: statements };
}
