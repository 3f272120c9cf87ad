import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { assertBuilt } from '../support/built.js';
import { custody } from '../support/cli.js';
import { validateAnswer } from '../support/result-schemas.js';

const folder = mkdtempSync(join(tmpdir(), 'custody-policy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROLE = 'arn:aws:iam::111122223333:role/ci-admin';
const file = join(folder, 'key.json');
writeFileSync(
  file,
  JSON.stringify({
    Version: '2012-10-17',
    Statement: { Sid: 'Admin', Effect: 'Allow', Principal: { AWS: ROLE }, Action: 'kms:*', Resource: '*' },
  }),
);

/** Files of anyone: no repository, no AWS. */
describe("anyone's key policy", () => {
  assertBuilt();

  it('is proven, in text and JSON, with exit 3', async () => {
    const words = ['policy', 'prove', '--policy', file, '--account', '111122223333'];
    const [text, json] = [await custody(words), await custody([...words, '--json'])];
    expect([text.exit, json.exit]).toEqual([3, 3]);
    expect(text.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'role/ci-admin can kms:PutKeyPolicy, kms:ScheduleKeyDeletion, kms:DeleteImportedKeyMaterial and 19 more alone, because statement 1 "Admin" of the key policy allows it',
    );
    for (const line of text.stdout.split('\n').filter((one) => one.includes(' ')))
      expect(line.length).toBeLessThan(120);
    validateAnswer(words, json);
    expect(json.json).toMatchObject({ verdict: 'refused' });
    const { exit, json: failed } = await custody(['policy', 'prove', '--policy', file, '--json']);
    expect({ exit, failed }).toMatchObject({ exit: 2, failed: { error: { code: 'USAGE' } } });
  });

  it('is linted, in text, JSON and SARIF, with exit 3', async () => {
    const words = ['policy', 'lint', file];
    const [text, json, sarif] = [
      await custody(words),
      await custody([...words, '--json']),
      await custody([...words, '--sarif']),
    ];
    expect([text.exit, json.exit, sarif.exit]).toEqual([3, 3, 3]);
    expect(text.stdout).toContain('error grant-unlimited');
    validateAnswer(words, json);
    expect(json.json).toMatchObject({
      verdict: 'refused',
      policies: 1,
      findings: [{ rule: 'grant-unlimited', line: 1 }],
    });
    expect(sarif.json).toMatchObject({ version: '2.1.0', runs: [{ results: [{ ruleId: 'grant-unlimited' }] }] });
  });
});
