import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { ServiceError } from '../../../../src/lib/sandbox/service.js';
import { checkFact, type Fact, factBench, fill, readFacts } from './facts.js';
import { keyInState } from './key-in-state.js';

describe('behaviour', () => {
  it.each(readFacts<Fact>('kms-behaviour').map((fact) => [fact.fact, fact] as const))('%s', (_, fact) => {
    checkFact(fact);
  });
});

interface ShapeFact {
  readonly fact: string;
  readonly operation: string;
  readonly input: JsonObject;
  readonly expect: { readonly error: string; readonly message: string };
}

describe('shapes of the service model', () => {
  it.each(readFacts<ShapeFact>('kms-shapes').map((fact) => [fact.fact, fact] as const))('%s', (_, fact) => {
    const { operation, input, expect: expected } = fact;
    factBench().refuse(expected.error, operation, fill(input, new Map()) as JsonObject, expected.message);
  });
});

interface StateFact {
  readonly fact: string;
  readonly operation: string;
  readonly state: string;
  readonly expect: { readonly ok?: true; readonly error?: string; readonly message?: string };
}

describe('key states', () => {
  it.each(readFacts<StateFact>('kms-key-states').map((fact) => [fact.fact, fact] as const))('%s', (_, fact) => {
    const { bench, input, operation, region } = keyInState(fact.operation, fact.state);
    const answer = bench.in(region, () => bench.try(operation, input));
    if (fact.expect.error === undefined) {
      if (answer instanceof ServiceError) throw new Error(`${answer.code}: ${answer.message}`);
      return;
    }
    if (!(answer instanceof ServiceError)) throw new Error(`answered: ${JSON.stringify(answer)}`);
    expect(answer.code).toBe(fact.expect.error);
    expect(answer.message).toContain(fact.expect.message ?? '');
  });
});
