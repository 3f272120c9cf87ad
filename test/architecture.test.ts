import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { commandLength, fileLength, functionLength } from './support/architecture/budgets.js';
import { castFaults, castsOf } from './support/architecture/casts.js';
import { barrels, closures, cycles, layering, specifiers, typeImports } from './support/architecture/imports.js';
import { LAYERS } from './support/architecture/layers.js';
import { bareErrors, defaultExports, docComments, looseness } from './support/architecture/manners.js';
import { environment, outside } from './support/architecture/outside.js';
import { formatViolations, importsOf, type Rule, readSources } from './support/architecture/source.js';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const sources = readSources(root);

const RULES: Readonly<Record<string, Rule>> = {
  'imports follow the table of layers': layering,
  'what is only a type is imported as one': typeImports,
  'modules are named in one way': specifiers,
  'a name has one home: no barrels': barrels,
  'clock, randomness, process, network and screen stay outside': outside,
  'the environment is read in one file': environment,
  'functions are short': functionLength,
  'files are short': fileLength,
  'commands are thin': commandLength,
  'nothing silences the compiler': looseness,
  'errors have codes': bareErrors,
  'exports have names': defaultExports,
  'exported functions say what they promise': docComments,
};

describe('architecture', () => {
  it('reads the source', () => {
    expect(sources.length).toBeGreaterThan(100);
  });

  it.each(Object.entries(RULES))('%s', (_, rule) => {
    expect(formatViolations(sources.flatMap(rule))).toEqual([]);
  });

  it('files do not import in circles', () => {
    expect(formatViolations(cycles(sources))).toEqual([]);
  });

  it('layers are no circle', () => {
    const below = (name: string, trail: readonly string[]): void => {
      expect(trail).not.toContain(name);
      for (const next of LAYERS[name]?.imports ?? []) below(next.split('/')[0] ?? '', [...trail, name]);
    };
    for (const name of Object.keys(LAYERS)) below(name, []);
  });

  it('what the sandbox judges with stands alone', () => {
    expect(formatViolations(closures(sources))).toEqual([]);
  });

  describe('dependencies', () => {
    const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as Record<string, object | undefined>;
    const used = Object.keys(manifest.dependencies ?? {});
    const development = Object.keys(manifest.devDependencies ?? {});

    it('are used, and the table of layers names no other', () => {
      const imported = sources.flatMap((source) => importsOf(source).map(({ specifier }) => specifier));
      // oclif loads its plugins by name.
      const idle = used.filter(
        (name) =>
          !name.startsWith('@oclif/plugin-') && !imported.some((one) => one === name || one.startsWith(`${name}/`)),
      );
      const listed = Object.values(LAYERS).flatMap(({ packages }) => packages ?? []);
      const strange = listed.filter((name) => !used.some((one) => one.startsWith(name.replace(/\*$/, ''))));
      expect({ idle, strange }).toEqual({ idle: [], strange: [] });
    });

    it('are explained one by one', () => {
      const document = readFileSync(`${root}/docs/dependencies.md`, 'utf8');
      const rows = (heading: string) => {
        const [section = ''] = (document.split(`## ${heading}\n`)[1] ?? '').split('\n## ');
        return [...section.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1]);
      };
      expect(rows('In use')).toEqual([...used].sort());
      expect(rows('For development')).toEqual([...development].sort());
    });
  });

  it('casts are free or counted', { timeout: 120_000 }, () => {
    const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile);
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
    const paths = sources.map(({ path }) => path);
    expect(formatViolations(castFaults(castsOf(root, paths, options)))).toEqual([]);
  });
});
