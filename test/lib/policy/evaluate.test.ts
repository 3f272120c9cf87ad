import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/lib/policy/evaluate.js';
import { type Case, inputOf } from './cases.js';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly source: string;
  readonly input: Case;
  readonly expect: { readonly unresolved?: readonly object[] | null } & Readonly<Record<string, unknown>>;
}

const folder = new URL('../../vectors/policy/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.startsWith('evaluate-'));

describe.each(files)('%s', (file) => {
  const vectors = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Vector[];

  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    expect(vector.why.length).toBeGreaterThan(2);
    expect(vector.source.length).toBeGreaterThan(5);
    const { unresolved, ...wanted } = vector.expect;
    const decision = evaluate(inputOf(vector.input));
    expect(decision).toMatchObject(wanted);
    // `null`: nothing to say, because another reading would not have changed the answer.
    if (unresolved === null) expect(decision.unresolved).toBeUndefined();
    else if (unresolved !== undefined) expect(decision.unresolved).toMatchObject(unresolved);
  });
});
