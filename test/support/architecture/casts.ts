import ts from 'typescript';
import { lineOf, nodesOf, type Violation } from './source.js';

/**
 * A cast is free where it cannot lie more than the data does: `as const`, from data whose type is unknown (that is how
 * unknown data is read), to a type that the value has anyway, of a table's own names (`Object.keys(TABLE)`), and to JSON
 * on the way into the canonical form, which checks every value. Each other one is counted here, with its reason.
 */
export const COUNTED_CASTS: Readonly<Record<string, readonly [count: number, why: string]>> = {
  'src/lib/aws/direct.ts': [2, 'commands of the SDK are looked up by name'],
  'src/lib/backup/file-table.ts': [1, 'the brand of an id that was kept as its bytes'],
  'src/lib/backup/snapshot.ts': [1, 'the reader is the one of the part that is named'],
  'src/lib/base/fields.ts': [2, 'a list or map whose every item was read'],
  'src/lib/base/time.ts': [2, 'the brand of an instant, and a unit that the pattern matched'],
  'src/lib/cli/base-command.ts': [1, "oclif types a command's constructor as its base"],
  'src/lib/key/key.ts': [1, 'the brand of an ARN put together from its parts'],
  'src/lib/plan/draft.ts': [1, 'the parts of a draft without its roster'],
  'src/lib/plan/mapping.ts': [2, 'one shape gives both readers'],
  'src/lib/plan/shape.ts': [1, 'a record made from the list of its names'],
  'src/lib/policy/conditions.ts': [1, 'a prefix that the pattern matched'],
  'src/lib/quorum/records.ts': [1, 'a generic kind is one of the kinds'],
  'src/lib/record/envelope.ts': [1, 'the kind was compared'],
  'src/lib/record/statement.ts': [1, 'the predicate was read by the reader of its kind'],
  'src/lib/request/back-dated.ts': [1, 'the reader of records has checked that a head is a commit id'],
  'src/lib/request/case.ts': [1, 'the reader of records has checked that a head is a commit id'],
  'src/lib/sandbox/admin.ts': [1, 'the rule checks every field by itself'],
  'src/lib/sandbox/iam/role.ts': [2, 'rows of the sandbox are written by this file only'],
  'src/lib/sandbox/process.ts': [1, 'a file that this program wrote, checked field by field'],
  'src/lib/sandbox/server.ts': [1, 'Node gives the address of a listening TCP server'],
  'src/lib/sandbox/sts/session.ts': [2, 'rows of the sandbox are written by this file only'],
};

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
