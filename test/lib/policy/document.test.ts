import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { parsePolicy } from '../../../src/lib/policy/document.js';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly input: string;
  readonly expect: { readonly error?: string; readonly message?: string };
}

const file = new URL('../../vectors/policy/documents.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[];

function outcome(source: string | Uint8Array): unknown {
  try {
    return parsePolicy(source, 'policy.json');
  } catch (error) {
    if (error instanceof CustodyError) return { error: error.code, message: error.message };
    throw error;
  }
}

describe('parsePolicy', () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, { input, expect: wanted }) => {
    for (const source of [input, Buffer.from(input, 'utf8')]) {
      const found = outcome(source);
      if (wanted.error === undefined) expect(found).toEqual(wanted);
      else expect(found).toEqual({ error: wanted.error, message: expect.stringContaining(wanted.message ?? '') });
    }
  });

  it('names the place first', () => {
    expect(outcome('{"Statement":[]}')).toMatchObject({
      message: expect.stringMatching(/^policy\.json: Statement: expected/),
    });
  });

  it('lists every fault at once', () => {
    const text = '{"Statement":[{"Effect":"Maybe","Action":"kms:*"},{"Effect":"Allow","Action":7}]}';
    expect(outcome(text)).toMatchObject({
      message: expect.stringMatching(/Statement\[0\]\.Effect.*Statement\[1\]\.Action/),
    });
  });

  it('refuses text with a lone surrogate and bytes that are not UTF-8', () => {
    const head = '{"Version":"2012-10-17","Id":"';
    const tail = '","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';
    expect(outcome(`${head}\ud800${tail}`)).toMatchObject({ error: 'POLICY_MALFORMED' });
    expect(outcome(Buffer.concat([Buffer.from(head), Buffer.from([0xff]), Buffer.from(tail)]))).toMatchObject({
      error: 'POLICY_MALFORMED',
    });
  });

  it('refuses more than it is willing to read', () => {
    expect(outcome(' '.repeat(300_000))).toMatchObject({ error: 'POLICY_MALFORMED' });
  });
});
