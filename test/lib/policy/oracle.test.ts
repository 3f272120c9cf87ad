import { readFileSync } from 'node:fs';
import { allowedContextKeysForRequest, isConditionKeyArray, typeForContextKey } from '@cloud-copilot/iam-simulate';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/lib/policy/evaluate.js';
import { hasManyValues, isKnownKey } from '../../../src/lib/policy/known-keys.js';
import { KEY_OPERATIONS } from '../../../src/lib/policy/operations.js';
import { compare } from '../../support/oracle/compare.js';
import { DIFFERENCES } from '../../support/oracle/differences.js';
import { type Call, caseOf } from '../../support/oracle/policy.js';
import { simulate } from '../../support/oracle/simulate.js';
import { inputOf, KEY } from './cases.js';

/** The smallest case for each known difference; test/interop/authorization.test.ts puts 20,000 random ones. */
interface Vector {
  readonly name: string;
  readonly why: string;
  readonly source: string;
  readonly input: Call;
  readonly expect: { readonly right: string; readonly custody: string; readonly iamSimulate: string };
}

const file = new URL('../../vectors/policy/iam-simulate.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[];

describe('beside iam-simulate, an evaluator that others wrote', () => {
  it('each known difference has its case, its reason and its source', () => {
    expect(vectors.map(({ name, why, source, expect: { right } }) => [name, why, source, right])).toEqual(
      DIFFERENCES.map(({ name, reason, source, right }) => [name, reason, source, right]),
    );
  });

  it('docs/authorization.md says each of them', () => {
    const page = readFileSync(new URL('../../../docs/authorization.md', import.meta.url), 'utf8');
    for (const { name, why, source } of vectors) expect(page).toContain(`| ${name} | ${why} | ${source} |`);
  });

  // When iam-simulate mends one of these, its row goes.
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (_name, vector) => {
    const { custody, iamSimulate } = vector.expect;
    const decision = evaluate(inputOf(caseOf(vector.input)));
    expect([decision.reason, await simulate(vector.input)]).toEqual([custody, iamSimulate]);
    if (vector.expect.right === 'safe') {
      expect(decision.allowed).toBe(false);
    }
  });

  it('a few random cases are judged alike, but for what is known', async () => {
    const { unexplained, said } = await compare(1, 150);
    expect(unexplained).toEqual([]);
    expect(Object.keys(said).sort()).toEqual(['allowed', 'explicit-deny', 'implicit-deny']);
  });

  it('its data names no condition key of KMS that is not known here, and the same ones as many-valued', async () => {
    const named = new Set<string>();
    for (const operation of KEY_OPERATIONS) {
      for (const key of await allowedContextKeysForRequest('kms', operation, KEY, false, undefined))
        named.add(key.toLowerCase());
    }
    expect(named.size).toBeGreaterThan(120);
    const filled = [...named].map((key) => key.replace(/\$\{[^}]*\}|(?<=\/)tag-key/, 'x'));
    expect(filled.filter((key) => !isKnownKey(key))).toEqual([]);
    const many = [];
    for (const key of filled) if (isConditionKeyArray(await typeForContextKey(key))) many.push(key);
    expect(filled.filter(hasManyValues).sort()).toEqual(many.sort());
  });
});
