import ts from 'typescript';
import { lineOf, nodesOf, type Violation } from './source.js';

/**
 * A cast is free where it cannot lie more than the data does: `as const`, from data whose type is unknown (that is how
 * unknown data is read), to a type that the value has anyway, of a table's own names (`Object.keys(TABLE)`), and to JSON
 * on the way into the canonical form, which checks every value. Each other one is counted here, with its reason.
 */
export const COUNTED_CASTS: Readonly<Record<string, readonly [count: number, why: string]>> = {};

export interface Cast {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** The compiler's view of `paths`; it takes some seconds. */
export function castsOf(root: string, paths: readonly string[], options: ts.CompilerOptions): readonly Cast[] {
  const program = ts.createProgram(
    paths.map((path) => `${root}/${path}`),
    options,
  );
  const checker = program.getTypeChecker();
  return paths.flatMap((path) => {
    const ast = program.getSourceFile(`${root}/${path}`);
    if (ast === undefined) throw new Error(`${path} is not in the program`);
    return [...nodesOf(ast)]
      .filter((node): node is ts.AsExpression => ts.isAsExpression(node) && !isFree(node, checker))
      .map((node) => ({ path, line: lineOf(ast, node.getStart()), text: node.getText().replace(/\s+/g, ' ') }));
  });
}

function isFree(node: ts.AsExpression, checker: ts.TypeChecker): boolean {
  const target = node.type.getText();
  if (target === 'const') return true;
  // The inner half of `x as unknown as T`: the outer one is judged.
  if (ts.isAsExpression(node.parent) && target === 'unknown') return true;
  const detour = ts.isAsExpression(node.expression) && node.expression.type.getText() === 'unknown';
  if (detour) return target === 'JsonValue' || target === 'JsonObject';
  const from = checker.getTypeAtLocation(node.expression);
  if (isUnknown(from, checker) || /^Object\.keys\(/.test(node.expression.getText())) return true;
  return checker.isTypeAssignableTo(from, checker.getTypeAtLocation(node.type));
}

/** unknown, any, and records, lists and promises of them. */
function isUnknown(type: ts.Type, checker: ts.TypeChecker, depth = 0): boolean {
  if (type.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) return true;
  if (depth >= 2) return false;
  // `unknown` that is known not to be nothing: {} or {} | null.
  if (type.isUnion()) return type.types.some((part) => isEmpty(part, checker) || isUnknown(part, checker, depth + 1));
  const values = checker.getIndexInfosOfType(type).map((info) => info.type);
  const reference = type as ts.TypeReference;
  const parts = reference.target ? checker.getTypeArguments(reference) : [];
  return isEmpty(type, checker) || [...values, ...parts].some((part) => isUnknown(part, checker, depth + 1));
}

function isEmpty(type: ts.Type, checker: ts.TypeChecker): boolean {
  return checker.typeToString(type) === '{}';
}

/** Files that have more casts than are counted for them, or fewer: a count that is not exact hides the next one. */
export function castFaults(casts: readonly Cast[], counted = COUNTED_CASTS): readonly Violation[] {
  const paths = new Set([...casts.map(({ path }) => path), ...Object.keys(counted)]);
  return [...paths].flatMap((path) => {
    const found = casts.filter((cast) => cast.path === path);
    const allowed = counted[path]?.[0] ?? 0;
    if (found.length === allowed) return [];
    if (found.length < allowed) return [{ path, line: 1, what: `${found.length} casts, ${allowed} counted: lower it` }];
    const count = `${found.length} in the file, ${allowed} counted`;
    return found.map(({ line, text }) => ({ path, line, what: `a cast (${count}): ${text}` }));
  });
}
