import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleOf, REGO_FILES } from '../../src/lib/guard/bundle.js';
import { PACKAGE_ROOT } from '../support/built.js';
import { VECTORS } from '../support/guard-policy.js';

const run = promisify(execFile);
const opa = process.env.CUSTODY_PEER_OPA;
const policies = join(PACKAGE_ROOT, 'policies');
const SOURCES = ['custody', 'test', 'vectors:vectors'];

/** The real opa over the policies; its path comes in CUSTODY_PEER_OPA. */
describe.skipIf(!opa)(`opa${opa ? '' : ' (skipped: CUSTODY_PEER_OPA is not set)'}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'custody-opa-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const call = (words: readonly string[], cwd = policies) =>
    run(opa ?? '', [...words], { cwd, maxBuffer: 64 * 1024 * 1024 });

  it('makes of the sources the very bytes that are committed', async () => {
    const script = join(PACKAGE_ROOT, 'scripts/policies.js');
    const { stderr } = await run(process.execPath, [script, '--check']);
    expect(stderr).toBe('');
  });

  it('finds the sources sound, formatted, and covered by their vectors to 95 % at least', async () => {
    await call(['check', '--strict', 'custody', 'test']);
    expect((await call(['fmt', '--diff', 'custody', 'test'])).stdout).toBe('');
    const { stdout } = await call(['test', '--coverage', '--threshold', '95', '--timeout', '300s', ...SOURCES]);
    const { coverage, files } = JSON.parse(stdout) as { coverage: number; files: Record<string, object> };
    expect(coverage).toBeGreaterThanOrEqual(95);
    expect(Object.keys(files).filter((name) => !name.startsWith('test/'))).toEqual([...REGO_FILES]);
  });

  it('takes the bundle, and decides by it as the vectors say', async () => {
    const files = new Map(REGO_FILES.map((name) => [name, readFileSync(join(policies, name))]));
    const bundle = join(dir, 'bundle.tar.gz');
    writeFileSync(bundle, gzipSync(bundleOf(files, VECTORS.configs.s3 ?? {})));
    const some = VECTORS.calls.filter(({ config }, at) => config === 's3' && at % 40 === 0);
    expect(some.length).toBeGreaterThan(5);
    for (const { entry, input, expect: expected } of some) {
      const file = join(dir, 'input.json');
      writeFileSync(file, JSON.stringify(input));
      const query = `data.custody.${entry}.decision`;
      const { stdout } = await call(['eval', '--bundle', bundle, '--input', file, query], dir);
      expect(JSON.parse(stdout).result[0].expressions[0].value).toMatchObject(expected);
    }
  });

  /** What no vector would miss: the line may be gone and nobody sees it. Each has its reason. */
  const EQUIVALENT: Readonly<Record<string, string>> = {};

  it('any line of the rules taken away breaks a vector', () => {
    const copy = join(dir, 'mutated');
    cpSync(policies, copy, { recursive: true });
    const survivors: string[] = [];
    for (const name of readdirSync(join(copy, 'custody'))) {
      const path = join(copy, 'custody', name);
      const source = readFileSync(path, 'utf8');
      const lines = source.split('\n');
      for (const [at, line] of lines.entries()) {
        if (!isRule(line)) continue;
        writeFileSync(path, lines.toSpliced(at, 1).join('\n'));
        if (passes(copy)) survivors.push(`${name}: ${line.trim()}`);
      }
      writeFileSync(path, source);
    }
    expect(survivors.filter((line) => !(line in EQUIVALENT))).toEqual([]);
  }, 900_000);

  function passes(cwd: string): boolean {
    try {
      execFileSync(opa ?? '', ['test', '--timeout', '60s', ...SOURCES], { cwd, stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }
});

/** Conditions, rows of tables and one-line rules; not packages, imports, comments and braces. */
function isRule(line: string): boolean {
  const text = line.trim();
  return text !== '' && !/^(?:#|package |import |[\])}]|.*[{[(]$)/.test(text);
}
