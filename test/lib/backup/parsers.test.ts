import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseBackupStatement } from '../../../src/lib/backup/manifest.js';
import { parseKeyFilePath } from '../../../src/lib/backup/paths.js';
import { parsePart, parsePrincipals, policyValue, rolesIn } from '../../../src/lib/backup/snapshot.js';
import { parseSums } from '../../../src/lib/backup/sums.js';
import { formatText, parseText } from '../../../src/lib/backup/text.js';
import type { JsonValue } from '../../../src/lib/base/canonical-json.js';
import { CustodyError } from '../../../src/lib/base/errors.js';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly input: string;
  readonly expect: string;
}

const PARSERS: Readonly<Record<string, (input: string) => unknown>> = {
  sums: (input) => parseSums(Buffer.from(input)),
  text: (input) => parseText(Buffer.from(input), 'x'),
  paths: parseKeyFilePath,
  statements: (input) => parseBackupStatement(Buffer.from(input), 'x'),
};

/** A value, null, or the code of a refusal. */
function outcome(parse: () => unknown): string {
  try {
    return parse() === null ? 'null' : 'value';
  } catch (cause) {
    if (cause instanceof CustodyError) return cause.code;
    throw cause;
  }
}

describe.each(Object.keys(PARSERS))('vectors: %s', (name) => {
  const vectors = JSON.parse(readFileSync(`test/vectors/backup/${name}.json`, 'utf8')) as Vector[];
  it.each(vectors)('$name', ({ input, expect: expected }) => {
    expect(outcome(() => PARSERS[name]?.(input))).toBe(expected);
  });
  it('has three invalid for each valid', () => {
    const valid = vectors.filter((one) => one.expect === 'value').length;
    expect(vectors.length - valid).toBeGreaterThanOrEqual(valid * 3);
  });
});

const text = (value: JsonValue) => formatText(value);
const KEY = {
  arn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  description: '',
  state: 'Enabled',
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  createdAt: '2026-03-02T12:00:00.000Z',
  deletionAt: null,
  multiRegion: false,
};

describe('parts of a key', () => {
  it.each([
    ['key', KEY, [{ ...KEY, arn: 'alias/x' }, { ...KEY, more: 1 }, { ...KEY, createdAt: 'then' }, []]],
    ['policy', { Version: '2012-10-17' }, ['text', [], null]],
    ['aliases', ['alias/a'], [[1], {}, ['']]],
    ['tags', { a: 'b' }, [{ a: 1 }, ['a'], { '': 'b' }]],
    ['grants', [], [{}, [{ id: 'x' }], [null]]],
    [
      'rotation',
      { enabled: false, periodDays: null, nextAt: null, history: [] },
      [{ enabled: 1 }, {}, { enabled: true, periodDays: 0, nextAt: null, history: [] }],
    ],
    ['replicas', { primary: 'eu-central-1', replicas: [] }, [{ primary: 1, replicas: [] }, { primary: 'x' }, []]],
    ['public-key', { publicKey: 'x' }, [{}, { publicKey: '' }, { publicKey: 1 }]],
    ['materials', [], [{}, [1], [{ id: 'x' }]]],
  ] as const)('%s: three invalid for one valid', (name, valid, invalid) => {
    expect(parsePart(name, text(valid), 'x')).toEqual(valid);
    expect(invalid.length).toBeGreaterThanOrEqual(3);
    for (const wrong of invalid)
      expect(outcome(() => parsePart(name, text(wrong as JsonValue), 'x'))).toBe('RECORD_MALFORMED');
  });

  it('principals', () => {
    const arn = 'arn:aws:iam::111122223333:role/app';
    expect(parsePrincipals(text([{ arn, uniqueId: null }]), 'x')).toHaveLength(1);
    for (const wrong of [[{ arn }], [{ arn, uniqueId: 'x' }], {}, [{ arn: '', uniqueId: null }]])
      expect(outcome(() => parsePrincipals(text(wrong as JsonValue), 'x'))).toBe('RECORD_MALFORMED');
  });

  it('T44 roles are found wherever a policy names them, and only those of the account', () => {
    const role = (account: string, name: string) => `arn:aws:iam::${account}:role/${name}`;
    const policy: JsonValue = {
      Statement: [
        {
          Principal: { AWS: [role('111122223333', 'a'), role('999999999999', 'b'), 'arn:aws:iam::111122223333:root'] },
        },
        { Condition: { ArnEquals: { 'aws:PrincipalArn': role('111122223333', 'path/c') } } },
      ],
    };
    expect([...rolesIn(policy, '111122223333')].sort()).toEqual([
      role('111122223333', 'a'),
      role('111122223333', 'path/c'),
    ]);
  });

  it('a policy is a JSON object', () => {
    expect(policyValue('{}')).toEqual({});
    for (const wrong of ['', '[]', 'null', '{']) expect(outcome(() => policyValue(wrong))).toBe('POLICY_MALFORMED');
  });
});
