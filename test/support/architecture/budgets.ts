import ts from 'typescript';
import { folderOf, lineOf, nodesOf, type Rule, type Source, violation } from './source.js';

export const MAX_FUNCTION_LINES = 40;
export const MAX_FILE_LINES = 250;
export const MAX_RUN_LINES = 25;

export const functionLength: Rule = (source) =>
  functionsOf(source)
    .filter(({ lines }) => lines > MAX_FUNCTION_LINES)
    .map(({ node, name, lines }) =>
      violation(source, node, `${name} has ${lines} lines, at most ${MAX_FUNCTION_LINES}`),
    );

export const fileLength: Rule = (source) => {
  const text = source.ast.text.replace(/\n$/, '');
  const lines = text.split('\n').length;
  return lines > MAX_FILE_LINES ? [violation(source, source.ast, `${lines} lines, at most ${MAX_FILE_LINES}`)] : [];
};

/** A command is flags in, one flow, render out. */
export const commandLength: Rule = (source) =>
  functionsOf(source)
    .filter(({ name, lines }) => folderOf(source.path) === 'commands' && name === 'run' && lines > MAX_RUN_LINES)
    .map(({ node, lines }) => violation(source, node, `run() has ${lines} lines, at most ${MAX_RUN_LINES}`));

function functionsOf({ ast }: Source) {
  const all = [...nodesOf(ast)].filter(isFunction);
  return all.map((node) => {
    // A function that makes an object of functions is a class in another coat: each is measured for itself.
    const members = all.filter((inner) => isMember(inner) && enclosing(inner) === node);
    const lines = span(ast, node) - members.reduce((sum, inner) => sum + span(ast, inner), 0);
    return { node, name: nameOf(node), lines };
  });
}

function span(ast: ts.SourceFile, node: ts.Node): number {
  return lineOf(ast, node.end) - lineOf(ast, node.getStart(ast)) + 1;
}

function isMember(node: ts.Node): boolean {
  if (ts.isPropertyAssignment(node.parent)) return true;
  return ts.isMethodDeclaration(node) && ts.isObjectLiteralExpression(node.parent);
}

function enclosing(node: ts.Node): ts.Node | undefined {
  return ts.findAncestor(node.parent, isFunction);
}

function isFunction(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

function nameOf(node: ts.FunctionLikeDeclaration): string {
  if (node.name) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  return ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : 'a function';
}
