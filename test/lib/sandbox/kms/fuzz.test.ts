import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../../src/lib/base/canonical-json.js';
import { INPUTS, MEMBERS } from '../../../../src/lib/sandbox/kms/shapes.js';
import { ServiceError } from '../../../../src/lib/sandbox/service.js';
import { Bench, base64 } from './harness.js';

let kms = new Bench();
/** The bench draws the same bytes every time, so the key has this id in each test. */
const KeyId = kms.key();
const words = [
  KeyId,
  'alias/a',
  '',
  'default',
  'AAAA',
  'Decrypt',
  'eu-west-1',
  'RSAES_OAEP_SHA_256',
  'SYMMETRIC_DEFAULT',
  '__proto__',
];
/** RSA key pairs take too long to make by the hundred. */
const QUICK = Object.keys(INPUTS).filter((name) => !/GenerateDataKeyPair|GetParametersForImport|CreateKey/.test(name));

const value = fc.oneof(
  fc.constantFrom(...words),
  fc.boolean(),
  fc.integer({ min: -1, max: 5000 }),
  fc.jsonValue({ maxDepth: 2 }),
);
const input = fc.dictionary(fc.constantFrom(...Object.keys(MEMBERS)), value, { maxKeys: 12 });

beforeEach(() => {
  kms = new Bench();
  kms.key();
});

it('any input gives an answer or a ServiceError', () => {
  fc.assert(
    fc.property(fc.constantFrom(...QUICK), input, (operation, members) => {
      const answer = kms.try(operation, { KeyId, ...members } as JsonObject);
      expect(typeof (answer instanceof ServiceError ? answer.message : answer)).toMatch(/string|object/);
    }),
    { numRuns: 3000 },
  );
});

it('any bytes as a ciphertext are refused', () => {
  const { CiphertextBlob } = kms.run('Encrypt', { KeyId, Plaintext: base64('plain') });
  const sealed = Buffer.from(String(CiphertextBlob), 'base64');
  const spoilt = fc.tuple(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => {
    const copy = Buffer.from(sealed);
    copy[at] = (copy[at] ?? 0) ^ mask;
    return copy;
  });
  const cut = fc.integer({ min: 1, max: sealed.length - 1 }).map((length) => sealed.subarray(0, length));
  const anything = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(spoilt, cut, anything), fc.boolean(), (bytes, named) => {
      const answer = kms.try('Decrypt', { CiphertextBlob: bytes.toString('base64'), ...(named && { KeyId }) });
      expect(answer).toBeInstanceOf(ServiceError);
      expect((answer as ServiceError).code).toMatch(/InvalidCiphertext|IncorrectKey|AccessDenied/);
    }),
    { numRuns: 1000 },
  );
});

it('any encryption context opens with itself in any order, and with nothing else', () => {
  const context = fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), fc.string({ maxLength: 3 }), { maxKeys: 3 });
  const same = (a: JsonObject, b: JsonObject) =>
    JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
  fc.assert(
    fc.property(context, context, (one, two) => {
      const { CiphertextBlob } = kms.run('Encrypt', { KeyId, Plaintext: base64('plain'), EncryptionContext: one });
      const turned = Object.fromEntries(Object.entries(one).reverse());
      expect(kms.run('Decrypt', { CiphertextBlob, EncryptionContext: turned }).Plaintext).toBe(base64('plain'));
      const other = kms.try('Decrypt', { CiphertextBlob, EncryptionContext: two });
      expect(other instanceof ServiceError).toBe(!same(one, two));
    }),
    { numRuns: 500 },
  );
});

it('any policy is taken or refused as a policy', () => {
  const statement = fc.dictionary(
    fc.constantFrom('Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'Resource', 'Condition', 'Other'),
    fc.oneof(
      fc.constantFrom<JsonValue>('Allow', 'Deny', '*', 'kms:*', ['kms:Decrypt'], { AWS: '*' }),
      fc.jsonValue({ maxDepth: 3 }),
    ),
  );
  const policy = fc.oneof(
    fc.record({ Version: fc.constantFrom('2012-10-17', 'x'), Statement: fc.oneof(statement, fc.array(statement)) }),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(policy, (document) => {
      const answer = kms.try('PutKeyPolicy', { KeyId, Policy: JSON.stringify(document) });
      if (answer instanceof ServiceError)
        expect(answer.code).toMatch(/MalformedPolicyDocument|Validation|LimitExceeded/);
    }),
    { numRuns: 2000 },
  );
});
