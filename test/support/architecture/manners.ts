import ts from 'typescript';
import { folderOf, lineOf, nodesOf, type Rule, violation } from './source.js';

/** `any`, `x!`, and comments that silence the compiler. */
export const looseness: Rule = (source) => {
  const found = [...nodesOf(source.ast)].flatMap((node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) return [violation(source, node, 'any')];
    if (ts.isNonNullExpression(node)) return [violation(source, node, 'a non-null assertion')];
    return ts.isTypeAssertionExpression(node) ? [violation(source, node, 'a cast in angle brackets')] : [];
  });
  const silenced = [...source.ast.text.matchAll(/@ts-(?:ignore|expect-error|nocheck)|biome-ignore/g)].map((match) => ({
    path: source.path,
    line: lineOf(source.ast, match.index),
    what: `${match[0]} silences a check`,
  }));
  return [...found, ...silenced];
};

/** Where the outside demands one of Node's own errors. */
const NODE_ERRORS: Readonly<Record<string, string>> = {
  'src/lib/sandbox/in-process.ts': 'plays the errors of a socket to the SDK',
  'src/lib/sandbox/client.ts': 'destroys a stream with a reason, which Node hands back as its error event',
};

/** One error class with a code: a bare Error would leave the tool as a bug, whatever its cause. */
export const bareErrors: Rule = (source) => {
  if (source.path in NODE_ERRORS) return [];
  return [...nodesOf(source.ast)]
    .filter((node) => ts.isNewExpression(node) || ts.isCallExpression(node))
    .filter((node) => /^(?:Aggregate|Eval|Range|Reference|Syntax|Type|URI)?Error$/.test(node.expression.getText()))
    .map((node) => violation(source, node, `a bare ${node.expression.getText()}: throw a CustodyError`));
};

/** oclif finds its commands by default exports; everywhere else a thing has one name. */
export const defaultExports: Rule = (source) => {
  if (folderOf(source.path) === 'commands') return [];
  return source.ast.statements
    .filter((node) => ts.isExportAssignment(node) || hasModifier(node, ts.SyntaxKind.DefaultKeyword))
    .map((node) => violation(source, node, 'a default export'));
};

/** Up to here a function's name, types and body say all there is to say. */
export const MAX_SILENT_LINES = 6;

export const docComments: Rule = (source) =>
  source.ast.statements
    .filter((node): node is ts.FunctionDeclaration => ts.isFunctionDeclaration(node) && node.body !== undefined)
    .filter((node) => hasModifier(node, ts.SyntaxKind.ExportKeyword) && folderOf(source.path) !== 'commands')
    .filter((node) => lineOf(source.ast, node.end) - lineOf(source.ast, node.getStart()) >= MAX_SILENT_LINES)
    .filter((node) => ts.getJSDocCommentsAndTags(node).length === 0)
    .map((node) => violation(source, node, `${node.name?.text ?? 'a function'} is exported without a doc comment`));

function hasModifier(node: ts.Statement, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === kind);
}
