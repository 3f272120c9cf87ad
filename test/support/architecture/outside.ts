import ts from 'typescript';
import { COMPOSITION_ROOT, LAYERS } from './layers.js';
import { folderOf, importsOf, nodesOf, type Rule, type Source, type Violation, violation } from './source.js';

/** Globals that reach the clock, randomness, the process, the network or the screen. */
const GLOBALS = new Set([
  'console',
  'process',
  'globalThis',
  'global',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
  'WebSocket',
  'crypto',
  'navigator',
  'require',
  'eval',
  'Intl',
]);
/** Members of globals that do. */
const MEMBERS = new Set(['Date.now', 'Math.random', 'AbortSignal.timeout']);
/** Methods that read the machine's time zone or language. */
const LOCAL =
  /^(?:localeCompare|toLocale\w+|getTimezoneOffset|(?:get|set)(?:FullYear|Month|Date|Day|Hours|Minutes|Seconds)|to(?:Date|Time)String)$/;
/** What node:crypto draws at random. */
const RANDOM = /^(?:random\w*|pseudoRandomBytes|prng|rng|getRandomValues|generate\w+|webcrypto|subtle|default)$/;

/** The outside is only in adapters, sandbox and cli; everything else gets it handed in, so that a test can hold it still. */
export const outside: Rule = (source) => {
  if (LAYERS[folderOf(source.path)]?.outside) return [];
  return [...usesOf(source), ...randomness(source)];
};

function usesOf(source: Source): Violation[] {
  const own = declared(source);
  const found: Violation[] = [];
  for (const node of nodesOf(source.ast)) {
    const name = nameOf(node);
    if (name !== null && !own.has(name.split('.')[0] ?? ''))
      found.push(violation(source, node, `${name} is the outside`));
  }
  return found;
}

function nameOf(node: ts.Node): string | null {
  if (ts.isPropertyAccessExpression(node)) {
    const name = node.getText();
    if (MEMBERS.has(name)) return name;
    return LOCAL.test(node.name.text) ? `.${node.name.text}` : null;
  }
  // A `Date` that is given nothing reads the clock, and one that is called reads the time zone as well.
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) return 'new Date()';
  if (ts.isCallExpression(node) && node.expression.getText() === 'Date') return 'Date()';
  return ts.isIdentifier(node) && GLOBALS.has(node.text) && isValue(node) ? node.text : null;
}

/** Whether an identifier stands for itself, not for a member, a field's name or a type. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isTypeQueryNode(parent) || ts.isQualifiedName(parent) || ts.isTypeReferenceNode(parent)) return false;
  return !(ts.isTypeElement(parent) || ts.isClassElement(parent) || ts.isImportSpecifier(parent));
}

/** Names that the file itself binds: an injected `fetch` is not the global one. Imports from Node are judged elsewhere. */
function declared({ ast }: Source): ReadonlySet<string> {
  const names = new Set<string>();
  for (const node of nodesOf(ast)) {
    const binds = ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node);
    const imports = ts.isImportSpecifier(node) || ts.isImportClause(node) || ts.isFunctionDeclaration(node);
    if ((binds || imports) && node.name && ts.isIdentifier(node.name)) names.add(node.name.text);
  }
  return names;
}

function randomness(source: Source): Violation[] {
  return importsOf(source)
    .filter(({ specifier }) => specifier === 'node:crypto')
    .flatMap(({ node, clause }) => {
      const names = clause?.namedBindings;
      // Without a list of names there is no telling what is used.
      if (clause?.name || names === undefined || !ts.isNamedImports(names)) {
        return [violation(source, node, 'node:crypto must be imported by names')];
      }
      return names.elements
        .map((element) => (element.propertyName ?? element.name).text)
        .filter((name) => RANDOM.test(name))
        .map((name) => violation(source, node, `${name} of node:crypto is randomness`));
    });
}

/** `process.env` is read in one file; everything else gets what it needs from there. */
export const environment: Rule = (source) => {
  if (source.path === COMPOSITION_ROOT) return [];
  return [...nodesOf(source.ast)]
    .filter((node) => ts.isPropertyAccessExpression(node) && /^process\??\.env$/.test(node.getText()))
    .map((node) => violation(source, node, `process.env is read only in ${COMPOSITION_ROOT}`));
};
