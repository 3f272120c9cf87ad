import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { assertBuilt } from '../support/built.js';
import { custody } from '../support/cli.js';
import { validateAnswer } from '../support/result-schemas.js';

const folder = mkdtempSync(join(tmpdir(), 'custody-guard-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const key = { address: 'aws_kms_key.x', type: 'aws_kms_key' };
const change = { ...key, change: { actions: ['delete'], before: { policy: '{}' }, after: null } };
const file = join(folder, 'plan.json');
writeFileSync(file, JSON.stringify({ format_version: '1.2', planned_values: {}, resource_changes: [change] }));

/** Without a repository: keys are judged, buckets are nobody's. */
describe("anyone's plan", () => {
  assertBuilt();

  it('is refused in text, JSON and SARIF, with exit 3 and the rules in words', async () => {
    const words = ['policy', 'guard', '--terraform', file];
    const [text, json, sarif] = [
      await custody(words),
      await custody([...words, '--json']),
      await custody([...words, '--sarif']),
    ];
    expect([text.exit, json.exit, sarif.exit]).toEqual([3, 3, 3]);
    expect(text.stdout).toContain('key-deleted: A key is deleted, forgotten or replaced past its quorum.');
    validateAnswer(words, json);
    expect(json.json).toMatchObject({
      verdict: 'refused',
      ledger: [],
      findings: [{ what: 'aws_kms_key.x', rules: ['key-changed-without-quorum', 'key-deleted'] }],
    });
    expect(JSON.parse(sarif.stdout)).toMatchObject({
      runs: [{ results: [{ ruleId: 'key-changed-without-quorum' }, {}] }],
    });
  });

  it('needs something to judge, and says where the policies were written', async () => {
    const { exit, json } = await custody(['policy', 'guard', '--json']);
    expect({ exit, json }).toMatchObject({ exit: 2, json: { error: { code: 'USAGE' } } });
    const bundle = join(folder, 'bundle.tar.gz');
    const words = ['policy', 'guard', '--bundle', bundle];
    const written = await custody([...words, '--json']);
    expect(written).toMatchObject({ exit: 0, json: { bundle } });
    validateAnswer(words, written);
    expect(await custody([...words, '--json'])).toMatchObject({ exit: 6 });
  });
});
