import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { commandLength, fileLength, functionLength } from './support/architecture/budgets.js';
import { castFaults, castsOf } from './support/architecture/casts.js';
import { barrels, closures, cycles, layering, specifiers, typeImports } from './support/architecture/imports.js';
import { bareErrors, defaultExports, docComments, looseness } from './support/architecture/manners.js';
import { environment, outside } from './support/architecture/outside.js';
import { parseSource, type Rule, type Source } from './support/architecture/source.js';

const RECORD = 'src/lib/record/a.ts';
const lines = (count: number) => 'f();\n'.repeat(count);

interface Case {
  readonly rule: Rule;
  readonly path?: string;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  layering: {
    rule: layering,
    good: [
      "import { a } from '../base/bytes.js';",
      "import { a } from './b.js';",
      "import { createHash } from 'node:crypto';",
    ],
    bad: [
      "import { a } from '../quorum/judge.js';",
      "import type { A } from '../quorum/judge.js';",
      "type A = import('../quorum/judge.js').A;",
      "const a = await import('../aws/kms.js');",
      "import { readFileSync } from 'node:fs';",
      "import { KMSClient } from '@aws-sdk/client-kms';",
      "import { a } from '@sigstore/bundle';",
      "import { a } from '../../commands/a.js';",
      "import { a } from '../unheard/of.js';",
    ],
  },
  'layering of packages': {
    rule: layering,
    path: 'src/lib/roster/a.ts',
    good: ["import type { B } from '@scure/bip39';", "import { a } from '@scure/bip39/wordlists/english.js';"],
    bad: ["import { a } from '@scure/bip39-of-another';"],
  },
  'layering of one file': {
    rule: layering,
    path: 'src/lib/sandbox/kms/a.ts',
    good: ["import { evaluate } from '../../policy/evaluate.js';", "import { createServer } from 'node:http';"],
    bad: ["import { prove } from '../../policy/prove.js';", "import { a } from '../../aws/kms.js';"],
  },
  'layering of a folder in no layer': {
    rule: layering,
    path: 'src/lib/util/a.ts',
    good: [],
    bad: ['export const a = 1;'],
  },
  typeImports: {
    rule: typeImports,
    good: ["import type { A } from './b.js';", "import { type A, b } from './b.js';", "import './b.js';"],
    bad: ["import { type A } from './b.js';", "import { type A, type B } from './b.js';"],
  },
  specifiers: {
    rule: specifiers,
    good: ["import { a } from './b.js';", "import { a } from 'node:path';", "import { a } from 'yaml';"],
    bad: ["import { a } from './b';", "import { a } from './b.ts';", "import { a } from 'path';", 'import(name);'],
  },
  barrels: {
    rule: barrels,
    good: ['export const a = 1;', 'const a = 1;\nexport { a };'],
    bad: ["export * from './b.js';", "export { a } from './b.js';", "export type { A } from './b.js';"],
  },
  outside: {
    rule: outside,
    good: [
      'const at = new Date(millis);',
      'clock.now();',
      'const x = { process: 1, console: 2 }; x.process;',
      'interface A { fetch: string }',
      'function get(fetch: (url: string) => string) { return fetch("a"); }',
      "import { createHash, sign, verify } from 'node:crypto';",
      'at.getUTCFullYear();',
    ],
    bad: [
      'console.log(1);',
      'process.exit(1);',
      'const at = new Date();',
      'const at = new Date;',
      'const at = Date();',
      'Date.now();',
      'const now = Date.now;',
      'Math.random();',
      'setTimeout(f, 1);',
      'performance.now();',
      'fetch(url);',
      'crypto.getRandomValues(a);',
      'globalThis.process;',
      'const x = { process };',
      'AbortSignal.timeout(5);',
      'a.localeCompare(b);',
      'at.getFullYear();',
      'new Intl.DateTimeFormat();',
      "import { randomBytes } from 'node:crypto';",
      "import { randomUUID as id } from 'node:crypto';",
      "import { generateKeyPairSync } from 'node:crypto';",
      "import * as crypto from 'node:crypto';",
      "import crypto from 'node:crypto';",
    ],
  },
  'outside, in an adapter': {
    rule: outside,
    path: 'src/lib/git/a.ts',
    good: ['Date.now();', 'process.kill(1);', "import { randomBytes } from 'node:crypto';"],
    bad: [],
  },
  environment: {
    rule: environment,
    path: 'src/lib/cli/a.ts',
    good: ['process.exitCode = 1;', 'context.env.HOME;'],
    bad: ['process.env.HOME;', 'f(process.env);', 'process?.env;'],
  },
  'environment, in the composition root': {
    rule: environment,
    path: 'src/lib/cli/context.ts',
    good: ['process.env.HOME;'],
    bad: [],
  },
  functionLength: {
    rule: functionLength,
    good: [
      `function a() {\n${lines(38)}}`,
      `function make() {\nreturn {\n${`a() {\n${lines(20)}},\nb: () => {\n${lines(20)}},\n`}};\n}`,
    ],
    bad: [
      `function a() {\n${lines(39)}}`,
      `const a = () => {\n${lines(39)}};`,
      `class A { a() {\n${lines(39)}} }`,
      `class A { constructor() {\n${lines(39)}} }`,
      `class A { get a() {\n${lines(39)}} }`,
      `const a = { a() {\n${lines(39)}} };`,
      `function a() {\nfunction b() {\n${lines(20)}}\nfunction c() {\n${lines(20)}}\n}`,
      `f(async () => {\n${lines(39)}});`,
    ],
  },
  fileLength: { rule: fileLength, good: [lines(250)], bad: [lines(251), `\n${lines(250)}`] },
  commandLength: {
    rule: commandLength,
    path: 'src/commands/keys/a.ts',
    good: [`class A { async run() {\n${lines(23)}} }`, `class A { other() {\n${lines(30)}} }`],
    bad: [`class A { async run() {\n${lines(24)}} }`],
  },
  looseness: {
    rule: looseness,
    good: ['const a: unknown = 1;', 'const any = 1;', 'const a = !b;', 'const a = b !== c;'],
    bad: [
      'const a: any = 1;',
      'function a(b: any[]) {}',
      'const a = b as any;',
      'a!.b;',
      'const a = <B>c;',
      '// @ts-ignore\nf();',
      '// @ts-expect-error\nf();',
      '// biome-ignore lint: so\nf();',
    ],
  },
  bareErrors: {
    rule: bareErrors,
    good: ["throw new CustodyError('BUG', 'a');", 'class A extends Error {}', 'if (a instanceof Error) f();'],
    bad: ["throw new Error('a');", "throw Error('a');", "const e = new TypeError('a');", "f(new RangeError('a'));"],
  },
  defaultExports: {
    rule: defaultExports,
    good: ['export const a = 1;', 'export class A {}'],
    bad: ['export default 1;', 'export default class A {}', 'export default function a() {}'],
  },
  'defaultExports, in a command': {
    rule: defaultExports,
    path: 'src/commands/a.ts',
    good: ['export default class A {}'],
    bad: [],
  },
  docComments: {
    rule: docComments,
    good: [
      `/** What. */\nexport function a() {\n${lines(10)}}`,
      `export function a() {\n${lines(4)}}`,
      `function a() {\n${lines(10)}}`,
    ],
    bad: [`export function a() {\n${lines(5)}}`, `// What.\nexport function a() {\n${lines(5)}}`],
  },
};

describe.each(Object.entries(CASES))('the rule %s', (_, { rule, path = RECORD, good, bad }) => {
  if (good.length > 0) {
    it.each(good)('passes: %s', (text) => {
      expect(rule(parseSource(path, text))).toEqual([]);
    });
  }
  if (bad.length > 0) {
    it.each(bad)('refuses: %s', (text) => {
      const found = rule(parseSource(path, `\n${text}`));
      expect(found).not.toEqual([]);
      for (const { line } of found) expect(line).toBeGreaterThanOrEqual(1);
    });
  }
});

describe('rules about files together', () => {
  const tree = (files: Readonly<Record<string, string>>): Source[] =>
    Object.entries(files).map(([name, text]) => parseSource(`src/lib/${name}.ts`, text));

  it('finds circles of values, of types and of three', () => {
    expect(cycles(tree({ 'base/a': "import { b } from './b.js';", 'base/b': 'export const b = 1;' }))).toEqual([]);
    const two = { 'base/a': "import { b } from './b.js';", 'base/b': "import type { A } from './a.js';" };
    expect(cycles(tree(two))).toEqual([
      { path: 'src/lib/base/b.ts', line: 1, what: 'a circle: base/a → base/b → base/a' },
    ]);
    const three = {
      'base/start': "import { a } from './a.js';",
      'base/a': "import { b } from '../key/b.js';",
      'key/b': "import { c } from '../plan/c.js';",
      'plan/c': "const a = import('../base/a.js');",
    };
    expect(cycles(tree(three)).map(({ what }) => what)).toEqual(['a circle: base/a → key/b → plan/c → base/a']);
    expect(cycles(tree({ 'base/a': "import { a } from './a.js';" }))).toHaveLength(1);
  });

  it('follows a closed file through its own folder', () => {
    const closed = [['src/lib/policy/evaluate', ['base', 'policy']]] as const;
    const files = { 'policy/evaluate': "import { a } from './a.js';", 'policy/a': '', 'plan/b': '' };
    expect(closures(tree(files), closed)).toEqual([]);
    expect(closures(tree({ ...files, 'policy/a': "import { b } from '../plan/b.js';" }), closed)).toHaveLength(1);
    expect(closures(tree({ 'policy/a': '' }), closed)).toHaveLength(1);
  });
});

describe('casts', () => {
  const FREE = [
    'const a = [1] as const;',
    'const a = JSON.parse("1") as number;',
    'declare const u: unknown; const a = u as { b: string };',
    'declare const u: Record<string, unknown>; const a = u as { b: string };',
    'declare const u: unknown[]; const a = u as string[];',
    'const a = null as string | null;',
    'const t = { a: 1 }; const a = Object.keys(t) as (keyof typeof t)[];',
    'type JsonValue = null | string; interface A { b: string }; declare const v: A; const a = v as unknown as JsonValue;',
  ];
  const COUNTED = [
    'declare const s: string | undefined; const a = s as string;',
    'declare const s: string; const a = s as string & { __brand: "A" };',
    'declare const v: { a: 1 }; const a = v as unknown as { b: 2 };',
    'declare const v: { a: 1 }; const a = v as never;',
    'declare const v: { a?: 1 }; const a = v as { a: 1 };',
  ];

  it('are free only where they read what is unknown', () => {
    const root = mkdtempSync(join(tmpdir(), 'custody-casts-'));
    try {
      const names = [...FREE, ...COUNTED].map((text, at) => {
        writeFileSync(join(root, `f${at}.ts`), `${text}\nexport {};\n`);
        return `f${at}.ts`;
      });
      const found = castsOf(root, names, { strict: true, target: ts.ScriptTarget.ES2022, types: [], noEmit: true });
      expect(found.map(({ path }) => path)).toEqual(names.slice(FREE.length));
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }, 120_000);

  it('are counted exactly', () => {
    const cast = { path: 'src/a.ts', line: 3, text: 'a as B' };
    expect(castFaults([cast], { 'src/a.ts': [1, 'why'] })).toEqual([]);
    expect(castFaults([cast], {})).toMatchObject([{ path: 'src/a.ts', line: 3 }]);
    expect(castFaults([cast], { 'src/a.ts': [2, 'why'] })).toMatchObject([{ path: 'src/a.ts', line: 1 }]);
    expect(castFaults([], { 'src/gone.ts': [1, 'why'] })).toHaveLength(1);
  });
});
