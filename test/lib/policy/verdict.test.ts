import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { parsePolicy } from '../../../src/lib/policy/document.js';
import { evaluate } from '../../../src/lib/policy/evaluate.js';
import { validateKeyPolicy } from '../../../src/lib/policy/validate.js';
import { assertPolicy } from '../../../src/lib/sandbox/kms/policy-document.js';
import { ServiceError } from '../../../src/lib/sandbox/service.js';
import { KEY, principalOf } from './cases.js';
import { STORED, textOf, vectors } from './key-policy-vectors.js';

/** What these mean is plain, whether KMS takes them or not; whatever else is refused lets nobody in. */
const READABLE = ['accepted', 'SIZE', 'CHARACTERS', 'FOR_ALL_VALUES_PERMISSIVE'];

function custodysVerdict(text: string): string {
  try {
    return validateKeyPolicy(text)[0]?.code ?? 'accepted';
  } catch (error) {
    if (error instanceof CustodyError) return error.code;
    throw error;
  }
}

/** `PolicyType` of the service model. */
const MODEL = /^[\u0009\u000A\u000D\u0020-\u00FF]+$/;

/** The sandbox's KMS: what its wire refuses by the service model, and what its PutKeyPolicy does. */
function kmsTakes(text: string): boolean {
  if (!MODEL.test(text)) return false;
  try {
    assertPolicy(text, () => true);
    return true;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    expect(['MalformedPolicyDocumentException', 'LimitExceededException']).toContain(error.code);
    return false;
  }
}

/** Whether anybody, asking for anything that the vectors speak of, is let in. */
function letsIn(text: string): boolean {
  try {
    const resourcePolicy = parsePolicy(text, 'vector');
    const ask = { action: 'kms:Decrypt', resource: KEY, principal: principalOf('role/App'), resourceIsAuthority: true };
    return evaluate({ ...ask, context: { 'aws:SourceIdentity': 'x', 'aws:TagKeys': ['x'] }, resourcePolicy }).allowed;
  } catch (error) {
    expect(error).toMatchObject({ code: 'POLICY_MALFORMED' });
    return false;
  }
}

describe('a key policy', () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, { input, expect: wanted, kms }) => {
    const text = textOf(input);
    expect(custodysVerdict(text)).toBe(wanted);
    if (kms !== 'open') expect(kmsTakes(text)).toBe(STORED.includes(wanted));
    if (!READABLE.includes(wanted)) expect(letsIn(text)).toBe(false);
  });

  it('is measured in bytes of UTF-8', () => {
    expect(Buffer.byteLength(textOf('@size 32769'))).toBe(32_769);
    expect(Buffer.byteLength(textOf('@size-latin 32769'))).toBe(32_769);
    expect(textOf('@size-latin 32769').length).toBeLessThan(20_000);
  });

  it('is refused three times as often as it is taken', () => {
    const taken = vectors.filter(({ expect: wanted }) => STORED.includes(wanted)).length;
    expect(vectors.length - taken).toBeGreaterThanOrEqual(3 * taken);
  });
});
