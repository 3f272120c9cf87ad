import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDuplicateName } from '../../src/lib/base/duplicates.js';
import { CustodyError } from '../../src/lib/base/errors.js';
import { parsePolicy } from '../../src/lib/policy/document.js';
import { evaluate } from '../../src/lib/policy/evaluate.js';
import { validateKeyPolicy } from '../../src/lib/policy/validate.js';
import { KEY, principalOf } from '../lib/policy/cases.js';

const NAMES = [
  'Version',
  'Statement',
  'Effect',
  'Principal',
  'Action',
  'Resource',
  'Condition',
  'AWS',
  'Sid',
  '__proto__',
];
const OPERATORS = [
  'StringLike',
  'ForAllValues:ArnLike',
  'Null',
  'DateLessThan',
  'NotIpAddress',
  'BinaryEquals',
  'constructor',
];
const TEXTS = [
  'Allow',
  'Deny',
  '*',
  '2012-10-17',
  'kms:*',
  'aws:SourceIdentity',
  `$${'{'}`,
  `$${'{aws:a}'}`,
  'true',
  '::/0',
  '',
];

/** JSON that looks like a policy more often than chance would have it. */
const likely = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<unknown>(...TEXTS, 0, true, null),
    fc.string({ maxLength: 12 }),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES, ...OPERATORS, 'aws:SourceIdentity'), tie('node'), { maxKeys: 5 }),
  ),
})).node;

const statement = fc.record({
  Effect: fc.constantFrom('Allow', 'Deny'),
  Principal: fc.constant('*'),
  Action: fc.constantFrom('*', 'kms:*', 'kms:Decr?pt'),
  Resource: fc.oneof(fc.constant('*'), fc.string({ minLength: 1, maxLength: 20 })),
  Condition: fc.dictionary(
    fc.oneof(fc.constantFrom(...OPERATORS), fc.string({ maxLength: 12 })),
    fc.dictionary(
      fc.constantFrom('aws:SourceIdentity', 'aws:TagKeys'),
      fc.oneof(fc.string(), fc.constantFrom(...TEXTS)),
      {
        minKeys: 1,
        maxKeys: 2,
      },
    ),
    { minKeys: 1, maxKeys: 3 },
  ),
});

function parsed(source: string | Uint8Array) {
  try {
    validateKeyPolicy(source);
    return parsePolicy(source, 'fuzz');
  } catch (error) {
    expect(error).toBeInstanceOf(CustodyError);
    expect(error).toMatchObject({ code: 'POLICY_MALFORMED' });
    return null;
  }
}

function decide(source: string | Uint8Array, context: Record<string, string | string[]>) {
  const policy = parsed(source);
  if (policy === null) return null;
  return evaluate({
    action: 'kms:Decrypt',
    resource: KEY,
    principal: principalOf('role/App'),
    context,
    resourcePolicy: policy,
    resourceIsAuthority: true,
  });
}

describe('any input gives a policy or POLICY_MALFORMED, and any policy a decision', () => {
  it('bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decide(bytes, {})));
  });

  it('text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void decide(text, {})));
  });

  it('JSON in the shape of a policy', () => {
    fc.assert(
      fc.property(likely, (node) => void decide(JSON.stringify({ Version: '2012-10-17', Statement: node }), {})),
      { numRuns: 500 },
    );
  });

  it('conditions and values of all kinds', () => {
    const values = fc.oneof(fc.string(), fc.constantFrom(...TEXTS), fc.array(fc.string(), { maxLength: 3 }));
    const context = fc.dictionary(fc.constantFrom('aws:SourceIdentity', 'AWS:TagKeys', 'aws:a'), values);
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 3 }), context, (statements, keys) => {
        const text = JSON.stringify({ Version: '2012-10-17', Statement: statements });
        const decision = decide(text, keys);
        if (decision !== null) expect(decision.allowed).toBe(decision.reason === 'allowed');
      }),
      { numRuns: 500 },
    );
  });
});

describe('findDuplicateName', () => {
  it('finds none in what JSON.stringify wrote', () => {
    fc.assert(fc.property(fc.json(), (json) => findDuplicateName(json) === null));
  });

  it('finds a name that was put in twice, however it is escaped', () => {
    const escaped = (name: string) =>
      [...name].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), fc.json(), fc.json(), (name, first, second) => {
        const json = `{"a":[{${JSON.stringify(name)}:${first},"${escaped(name)}":${second}}]}`;
        expect(findDuplicateName(json)).toBe(`a[0].${name}`);
      }),
    );
  });
});
