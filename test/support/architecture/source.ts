import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

/** One file of the tool, parsed; `path` is relative to the package, `src/lib/base/bytes.ts`. */
export interface Source {
  readonly path: string;
  readonly ast: ts.SourceFile;
}

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

export type Rule = (source: Source) => readonly Violation[];

export function parseSource(path: string, text: string): Source {
  return { path, ast: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS) };
}

export function readSources(root: string, folder = 'src'): readonly Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => posix.join(folder, name))
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

export function violation({ path, ast }: Source, node: ts.Node, what: string): Violation {
  return { path, line: lineOf(ast, node.getStart(ast)), what };
}

export function lineOf(ast: ts.SourceFile, position: number): number {
  return ast.getLineAndCharacterOfPosition(position).line + 1;
}

export function formatViolations(found: readonly Violation[]): readonly string[] {
  return found.map(({ path, line, what }) => `${path}:${line} ${what}`);
}

/** Every node below `node`, itself first. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* nodesOf(child);
}

/** `src/lib/base/bytes.ts` is in `base`, `src/commands/keys/list.ts` in `commands`. */
export function folderOf(path: string): string {
  const [, place, folder] = path.split('/');
  if (place === 'commands') return 'commands';
  return folder === undefined || folder.endsWith('.ts') ? '' : folder;
}

/** One import of a file: static, re-exported, dynamic or as a type; all of them tie two files together. */
export interface Import {
  readonly node: ts.Node;
  readonly specifier: string;
  /** The file of ours that is meant, without its ending (`src/lib/base/bytes`); null for packages and built-ins. */
  readonly target: string | null;
  readonly clause: ts.ImportClause | null;
}

export function importsOf({ path, ast }: Source): readonly Import[] {
  const found: Import[] = [];
  for (const node of nodesOf(ast)) {
    const literal = moduleOf(node);
    if (literal === null) continue;
    const target = literal.startsWith('.')
      ? posix.join(posix.dirname(path), literal).replace(/\.(?:js|ts|json)$/, '')
      : null;
    const clause = ts.isImportDeclaration(node) ? (node.importClause ?? null) : null;
    found.push({ node, specifier: literal, target, clause });
  }
  return found;
}

function moduleOf(node: ts.Node): string | null {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
    return ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : '';
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [name] = node.arguments;
    return name && ts.isStringLiteral(name) ? name.text : '(computed)';
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return node.argument.literal.text;
  }
  return null;
}
