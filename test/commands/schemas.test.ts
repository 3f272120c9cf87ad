import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assertBuilt, PACKAGE_ROOT } from '../support/built.js';
import { custody } from '../support/cli.js';
import { commandIds, RESULTS, resultSchema, validateAnswer } from '../support/result-schemas.js';

describe('schemas of results', () => {
  it('there is one of every command and of failures, and no other', () => {
    const expected = [...commandIds().map((id) => id.replaceAll(':', '-')), 'error'];
    const found = readdirSync(RESULTS).map((name) => name.replace('.schema.json', ''));
    expect(found.sort()).toEqual(expected.sort());
  });

  it('each is a sound schema of 2020-12 that turns a wrong answer away', () => {
    for (const name of readdirSync(RESULTS).map((file) => file.replace('.schema.json', ''))) {
      expect(resultSchema(name)({ surprise: true }), name).toBe(false);
    }
  });

  it('they are what scripts/result-schemas.js writes', () => {
    const run = spawnSync(process.execPath, ['scripts/result-schemas.js', '--check'], {
      cwd: PACKAGE_ROOT,
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
  });

  it('an answer that does not fit is found', () => {
    expect(() => validateAnswer(['keys', 'list'], { stdout: '{"keys":[{"name":1}]}' })).toThrow(
      'keys-list.schema.json',
    );
  });
});

describe('--json-schema', () => {
  assertBuilt();

  it.each([
    { words: ['keys', 'show', '--json-schema'], name: 'keys-show' },
    { words: ['--repo', '/nowhere', 'keys', 'approve', 'r-abcdefghij', '--json-schema'], name: 'keys-approve' },
    { words: ['--json-schema', 'sandbox', 'region', 'up'], name: 'sandbox-region-up' },
  ])('prints the schema of $name, whatever else is missing', async ({ words, name }) => {
    const { exit, stdout } = await custody(words);
    expect(stdout).toBe(readFileSync(join(RESULTS, `${name}.schema.json`), 'utf8'));
    expect(exit).toBe(0);
  });

  it.each([[], ['no-such-command'], ['../../package']])('is USAGE without a command: %j', async (...words) => {
    const { exit, json } = await custody([...words, '--json-schema', '--json']);
    expect({ exit, json }).toMatchObject({ exit: 2, json: { error: { code: 'USAGE' } } });
  });
});
