import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Grant, type GrantedCall, grantCovers } from '../../../src/lib/policy/grant.js';
import { principalOf } from './cases.js';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly source: string;
  readonly input: { readonly grant: Grant; readonly call: Omit<GrantedCall, 'caller'> & { readonly caller: string } };
  readonly expect: ReturnType<typeof grantCovers>;
}

const file = new URL('../../vectors/policy/grants.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[];

describe('grantCovers', () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, { input, expect: wanted }) => {
    const { grant, call } = input;
    expect(grantCovers(grant, { ...call, caller: principalOf(call.caller) })).toBe(wanted);
  });

  it('has more refusals than permissions among its vectors', () => {
    const refused = vectors.filter(({ expect: wanted }) => wanted === null).length;
    expect(refused).toBeGreaterThan(vectors.length / 2);
  });
});
