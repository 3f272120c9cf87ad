import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { parsePolicy } from '../../../src/lib/policy/document.js';
import { evaluate } from '../../../src/lib/policy/evaluate.js';
import { validateKeyPolicy } from '../../../src/lib/policy/validate.js';
import { assertPolicy } from '../../../src/lib/sandbox/kms/policy-document.js';
import { ServiceError } from '../../../src/lib/sandbox/service.js';
import { KEY, principalOf } from './cases.js';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly source: string;
  /** The text; `@size N` and `@size-latin N` stand for a policy of that many bytes. */
  readonly input: string;
  /** `accepted`, `POLICY_MALFORMED`, or the code of what is found. */
  readonly expect: string;
  /** `open`: what KMS says is not documented, or in two ways. */
  readonly kms?: 'open';
}

const file = new URL('../../vectors/policy/key-policies.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[];

/** Stored by KMS, and without effect (PutKeyPolicy). */
const STORED = ['accepted', 'ACTION_MISSING', 'RESOURCE_MISSING'];

/** What these mean is plain, whether KMS takes them or not; whatever else is refused lets nobody in. */
const READABLE = ['accepted', 'SIZE', 'CHARACTERS', 'FOR_ALL_VALUES_PERMISSIVE'];

function textOf(input: string): string {
  const [, latin, size] = /^@size(-latin)? (\d+)$/.exec(input) ?? [];
  if (size === undefined) return input;
  const statement = { Effect: 'Allow', Principal: '*', Action: 'kms:Decrypt', Resource: '*' };
  const bare = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const left = Number(size) - bare.length;
  if (latin === undefined) return bare + ' '.repeat(left);
  const room = left - JSON.stringify({ Id: '' }).length + 1;
  return `{"Id":"${'é'.repeat(Math.floor(room / 2))}",${bare.slice(1)}${' '.repeat(room % 2)}`;
}

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
