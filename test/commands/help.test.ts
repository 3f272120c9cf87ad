import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { assertBuilt, PACKAGE_ROOT } from '../support/built.js';
import { custody } from '../support/cli.js';
import { commandIds } from '../support/result-schemas.js';

const GOLDEN = join(PACKAGE_ROOT, 'test/golden/help');
const ids = commandIds();
/** A line that cannot be broken: an example is pasted as it stands. */
const EXAMPLE = /^ {2}(?:\$ custody |eval )/;

beforeAll(assertBuilt);

describe('--help', () => {
  it('of every command is as reviewed, has examples and fits 80 columns', async () => {
    const texts = new Map<string, string>();
    // A few at a time: each is a process.
    for (let at = 0; at < ids.length; at += 4) {
      const part = ids.slice(at, at + 4);
      const outcomes = await Promise.all(part.map((id) => custody([...id.split(':'), '--help'], { COLUMNS: '80' })));
      for (const [index, { exit, stdout }] of outcomes.entries()) {
        expect(exit).toBe(0);
        texts.set(part[index] ?? '', stdout.replace(/[ \t]+$/gm, ''));
      }
    }
    for (const [id, text] of texts) {
      await expect(text).toMatchFileSnapshot(join(GOLDEN, `${id.replaceAll(':', '-')}.txt`));
      expect(text, id).toMatch(/\nEXAMPLES\n {2}\S/);
      expect(text, id).toContain('--json-schema');
      const long = text.split('\n').filter((line) => line.length > 80 && !EXAMPLE.test(line));
      expect(long, id).toEqual([]);
    }
  });

  it('there is no reviewed text of a command that is gone', () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(ids.map((id) => `${id.replaceAll(':', '-')}.txt`).sort());
  });

  it('of the whole names each topic by what it is about', async () => {
    const { stdout } = await custody(['--help'], { COLUMNS: '80' });
    expect(stdout).toMatch(/keys +Look at keys/);
  });
});

describe('what is mistyped or missing', () => {
  const USAGE: readonly (readonly string[])[] = [
    ['no-such-command'],
    ['keys', 'rotat'],
    ['keys', 'list', '--nosuch'],
    ['keys', 'rotate', '--resaon', 'x'],
    ['keys', 'rotation', 'case-data', '--period-days', '1'],
    ['keys', 'rotate', 'case-data', '--due'],
    ['keys', 'execute', 'r-abcdefghij', '--ready'],
    ['keys', 'approve', 'r-abcdefghij', '--reviewed', 'yes'],
    ['keys', 'approve', 'r-abcdefghij', 'r-klmnopqrst', '--reviewed', `sha256:${'0'.repeat(64)}`],
    ['signer', 'create', '--type', 'paper'],
    ['sandbox', 'region', 'up'],
  ];

  it.each(USAGE.map((words) => ({ words })))('$words is USAGE', async ({ words }) => {
    const [plain, json] = await Promise.all([custody(words), custody([...words, '--json'])]);
    expect([plain.exit, plain.stdout]).toEqual([2, '']);
    expect(plain.stderr).toMatch(/^USAGE: \S[^\t]*\n$/);
    expect([json.exit, json.stderr]).toEqual([2, '']);
    expect(json.json).toMatchObject({ error: { code: 'USAGE', message: expect.stringMatching(/^[^\s].*$/) } });
  });

  it.each([
    { words: ['init', '--remote', '/nowhere'], names: '--custodian' },
    { words: ['signer', 'create'], names: '--as' },
    { words: ['signer', 'create', '--as', 'x'], names: '--name' },
  ])('$words asks for $names where nobody can be asked', async ({ words, names }) => {
    const [plain, json] = await Promise.all([custody(words), custody([...words, '--json'])]);
    expect([plain.exit, json.exit]).toEqual([2, 2]);
    expect(json.json).toMatchObject({ error: { code: 'INPUT_MISSING', message: expect.stringContaining(names) } });
    expect(plain.stderr).toContain('INPUT_MISSING');
  });

  it('outside of a repository every command that needs one says so', async () => {
    const { exit, json } = await custody(['keys', 'pending', '--json'], { CUSTODY_REPO: PACKAGE_ROOT });
    expect([exit, json]).toMatchObject([2, { error: { code: 'REPOSITORY_NOT_FOUND' } }]);
  });
});
