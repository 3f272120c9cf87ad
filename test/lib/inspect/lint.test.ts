import { describe, expect, it } from 'vitest';
import { sarifOf } from '../../../src/lib/cli/sarif.js';
import { lintFile } from '../../../src/lib/inspect/lint.js';

const TEXT = `{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:role/a" }, "Action": "kms:PutKeyPolicy", "Resource": "*" },
    {
      "Effect": "Allow",
      "Principal": "*",
      "Action": "kms:Decrypt",
      "Resource": "*"
    }
  ]
}
`;

describe('lintFile', () => {
  it('says on which line of the file', () => {
    expect(lintFile(Buffer.from(TEXT), 'a b/key.json')).toMatchObject([
      { rule: 'everyone', statement: 1, file: 'a b/key.json', line: 5, severity: 'error' },
    ]);
  });

  it.each([
    ['no JSON', '{'],
    ['a name given twice', '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}'],
    ['no policy', '[]'],
  ])('finds %s instead of failing', (_what, text) => {
    expect(lintFile(Buffer.from(text), 'key.json')).toMatchObject([{ rule: 'kms-rejects', severity: 'error' }]);
  });

  it('gives SARIF 2.1.0: rules, levels, places', () => {
    const sarif = sarifOf(lintFile(Buffer.from(TEXT), 'a b/key.json'), '1.2.3');
    expect(sarif).toMatchObject({
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'custody', version: '1.2.3' } },
          results: [
            {
              ruleId: 'everyone',
              level: 'error',
              locations: [
                {
                  physicalLocation: { artifactLocation: { uri: 'a%20b/key.json' }, region: { startLine: 5 } },
                  logicalLocations: [{ fullyQualifiedName: 'Statement[1]' }],
                },
              ],
            },
          ],
        },
      ],
    });
    const [run] = (
      sarif as unknown as {
        runs: [{ tool: { driver: { rules: { id: string }[] } }; results: { ruleId: string; ruleIndex: number }[] }];
      }
    ).runs;
    for (const { ruleId, ruleIndex } of run.results) expect(run.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  });
});
