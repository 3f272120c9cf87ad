import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { validateKeyPolicy } from '../../../src/lib/policy/validate.js';

const variable = `$${'{aws:PrincipalTag/a}'}`;
const statement = { Effect: 'Allow', Principal: '*', Action: 'kms:Decrypt', Resource: '*' };

function codes(change: JsonObject, version = '2012-10-17', drop: readonly string[] = []) {
  const second = Object.fromEntries(
    Object.entries({ ...statement, ...change }).filter(([name]) => !drop.includes(name)),
  );
  return validateKeyPolicy(JSON.stringify({ Version: version, Statement: [statement, second] })).map(
    (finding) => `${finding.statement} ${finding.code}${finding.rejected ? '' : ' (stored)'}`,
  );
}

const when = (operator: string, key: string, value: string | boolean = 'x') => ({
  Condition: { [operator]: { [key]: value } },
});

describe('validateKeyPolicy', () => {
  it.each<[string, JsonObject]>([
    ['a plain statement', {}],
    ['request tags one by one', when('StringEquals', 'aws:RequestTag/a')],
    ['tag keys with ForAllValues', when('ForAllValues:StringEquals', 'aws:TagKeys')],
    ['encryption context keys with ForAllValues', when('ForAllValues:StringEquals', 'kms:EncryptionContextKeys')],
    ['principal tags with variables', when('StringEquals', 'aws:PrincipalTag/a', variable)],
    ['variables in ARN operators', when('ArnLike', 'aws:PrincipalArn', `arn:aws:iam::1:role/${variable}`)],
    ['Latin-1', { Sid: 'Schlüssel' }],
  ])('finds nothing in %s', (_what, change) => {
    expect(codes(change)).toEqual([]);
  });

  it.each<[string, JsonObject, string]>([
    ['resource tags', when('StringEquals', 'aws:ResourceTag/a'), '1 CONDITION_KEY_FORBIDDEN'],
    ['resource tags in any case', when('StringEquals', 'AWS:resourcetag/a'), '1 CONDITION_KEY_FORBIDDEN'],
    ['aliases', when('ForAnyValue:StringEquals', 'kms:ResourceAliases'), '1 CONDITION_KEY_FORBIDDEN'],
    ['the old key for tags', when('StringEquals', 'kms:ResourceTag/a'), '1 CONDITION_KEY_FORBIDDEN'],
    [
      'ForAllValues on request tags',
      when('ForAllValues:StringEquals', 'aws:RequestTag/a'),
      '1 FOR_ALL_VALUES_PERMISSIVE',
    ],
    [
      'ForAllValues on the context',
      when('ForAllValues:StringLike', 'kms:EncryptionContext:a'),
      '1 FOR_ALL_VALUES_PERMISSIVE',
    ],
    ['an unknown operator', when('StringMatches', 'aws:a'), '1 OPERATOR_UNKNOWN'],
    ['Null with IfExists', when('NullIfExists', 'aws:a', true), '1 OPERATOR_UNKNOWN'],
    ['variables in a date', when('DateLessThan', 'aws:CurrentTime', variable), '1 VARIABLE_UNSUPPORTED'],
    ['characters beyond Latin-1', { Sid: 'ключ' }, 'null CHARACTERS'],
    ['a control character', { Sid: '\u0085' }, 'null CHARACTERS'],
  ])('finds %s', (_what, change, found) => {
    expect(codes(change)).toEqual([found]);
  });

  it('knows no variables in the old version', () => {
    expect(codes(when('DateLessThan', 'aws:CurrentTime', variable), '2008-10-17')).toEqual([]);
  });

  it('finds missing elements, and says which of them KMS stores', () => {
    expect(codes({}, '2012-10-17', ['Principal'])).toEqual(['1 PRINCIPAL_MISSING']);
    expect(codes({}, '2012-10-17', ['Action', 'Resource'])).toEqual([
      '1 ACTION_MISSING (stored)',
      '1 RESOURCE_MISSING (stored)',
    ]);
  });

  it('counts bytes: 32,768 pass and one more does not', () => {
    const sized = (bytes: number) => {
      const text = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
      return validateKeyPolicy(text + ' '.repeat(bytes - text.length)).map((finding) => finding.code);
    };
    expect([sized(32_768), sized(32_769)]).toEqual([[], ['SIZE']]);
  });

  it('refuses what is no policy', () => {
    expect(() => validateKeyPolicy('{}')).toThrow(expect.objectContaining({ code: 'POLICY_MALFORMED' }));
  });
});
