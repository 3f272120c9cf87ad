import ts from 'typescript';
import { CLOSED, LAYERS, type Layer } from './layers.js';
import { folderOf, type Import, importsOf, type Rule, type Source, type Violation, violation } from './source.js';

/** Folders, packages and modules of Node: only what the table of layers lists. */
export const layering: Rule = (source) => {
  const folder = folderOf(source.path);
  const layer = LAYERS[folder];
  if (layer === undefined) return [violation(source, source.ast, `folder ${folder || '(none)'} is in no layer`)];
  return importsOf(source).flatMap((item) => {
    const what = item.target === null ? foreign(layer, item.specifier) : own(layer, folder, item.target);
    return what === null ? [] : [violation(source, item.node, `${folder} may not import ${what}`)];
  });
};

function own(layer: Layer, folder: string, target: string): string | null {
  const other = folderOf(`${target}.ts`);
  if (other === folder || layer.imports.includes(other)) return null;
  const file = target.replace('src/lib/', '');
  return layer.imports.includes(file) ? null : file;
}

function foreign(layer: Layer, specifier: string): string | null {
  if (specifier.startsWith('node:')) {
    const name = specifier.slice('node:'.length);
    return name === 'crypto' || (layer.builtins ?? []).includes(name) ? null : specifier;
  }
  const known = (layer.packages ?? []).some((name) =>
    name.endsWith('/*')
      ? specifier.startsWith(name.slice(0, -1))
      : specifier === name || specifier.startsWith(`${name}/`),
  );
  return known ? null : specifier;
}

/** `import type { A }` and not `import { type A }`: the latter still loads the file, and so can close a cycle. */
export const typeImports: Rule = (source) =>
  importsOf(source)
    .filter(({ clause }) => clause !== null && onlyInlineTypes(clause))
    .map(({ node, specifier }) => violation(source, node, `only types come from ${specifier}: use import type`));

function onlyInlineTypes(clause: ts.ImportClause): boolean {
  const names = clause.namedBindings;
  if (clause.isTypeOnly || clause.name || names === undefined || !ts.isNamedImports(names)) return false;
  return names.elements.length > 0 && names.elements.every(({ isTypeOnly }) => isTypeOnly);
}

/** `node:` before modules of Node, `.js` after files of ours. */
export const specifiers: Rule = (source) =>
  importsOf(source).flatMap(({ node, specifier, target }) => {
    if (target !== null) {
      return /\.(?:js|json)$/.test(specifier) ? [] : [violation(source, node, `${specifier} has no .js ending`)];
    }
    if (specifier === '(computed)') return [violation(source, node, 'a computed import')];
    return NODE_MODULES.has(specifier) ? [violation(source, node, `${specifier} without node:`)] : [];
  });

const NODE_MODULES = new Set(
  (
    'assert async_hooks buffer child_process cluster console constants crypto dgram dns domain events fs fs/promises ' +
    'http http2 https module net os path perf_hooks process punycode querystring readline stream stream/promises ' +
    'string_decoder timers timers/promises tls tty url util v8 vm worker_threads zlib'
  ).split(' '),
);

/** No file hands on what another one has: a name has one home. */
export const barrels: Rule = (source) =>
  source.ast.statements
    .filter((node) => ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)
    .map((node) => violation(source, node, 'a name is exported again: import it from its home'));

/** Circles of files, each once. Imports of types count too: a circle of types is a folder cut in the wrong place. */
export function cycles(sources: readonly Source[]): readonly Violation[] {
  const graph = graphOf(sources);
  const state = new Map<string, 'open' | 'done'>();
  const found: Violation[] = [];
  const visit = (file: string, trail: readonly Step[]): void => {
    state.set(file, 'open');
    for (const step of graph.get(file) ?? []) {
      const through = [...trail, step];
      if (state.get(step.to) === 'open') found.push(circle(through));
      else if (!state.has(step.to)) visit(step.to, through);
    }
    state.set(file, 'done');
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file, []);
  return found;
}

interface Step {
  readonly source: Source;
  readonly by: Import;
  readonly from: string;
  readonly to: string;
}

function graphOf(sources: readonly Source[]): ReadonlyMap<string, readonly Step[]> {
  const files = new Set(sources.map(({ path }) => nameOf(path)));
  return new Map(
    sources.map((source) => {
      const from = nameOf(source.path);
      const steps = importsOf(source).flatMap((by) =>
        by.target !== null && files.has(by.target) ? [{ source, by, from, to: by.target }] : [],
      );
      return [from, steps] as const;
    }),
  );
}

function nameOf(path: string): string {
  return path.replace(/\.ts$/, '');
}

function circle(trail: readonly Step[]): Violation {
  const last = trail[trail.length - 1] as Step;
  const from = trail.findIndex((step) => step.from === last.to);
  const around = trail.slice(from).map((step) => step.from.replace('src/lib/', ''));
  return violation(last.source, last.by.node, `a circle: ${[...around, around[0]].join(' → ')}`);
}

/** Files that the table closes: what they reach, by any number of steps, stays in the folders listed for them. */
export function closures(sources: readonly Source[], closed = CLOSED): readonly Violation[] {
  const graph = graphOf(sources);
  return closed.flatMap(([start, folders]) => {
    const seen = new Set([start]);
    const found: Violation[] = [];
    for (const file of seen) {
      for (const { source, by, to } of graph.get(file) ?? []) {
        if (folders.includes(folderOf(`${to}.ts`))) seen.add(to);
        else
          found.push(violation(source, by.node, `${start} reaches ${to}: only ${folders.join(', ')} are open to it`));
      }
    }
    return graph.has(start) ? found : [{ path: `${start}.ts`, line: 1, what: 'a closed file is not there' }];
  });
}
