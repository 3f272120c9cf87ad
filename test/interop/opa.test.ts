import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

  it('any line of the rules taken away breaks a vector', async () => {
    const script = join(PACKAGE_ROOT, 'test/interop/peer/policy-mutations.js');
    const work = mkdtempSync(join(dir, 'mutations-'));
    const { stdout } = await run(process.execPath, [script, opa ?? '', policies, work]);
    const survivors = JSON.parse(stdout) as readonly string[];
    expect(survivors).toEqual([]);
  }, 1_200_000);
});
