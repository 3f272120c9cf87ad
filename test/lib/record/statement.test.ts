import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatStatement, parseStatement, predicateTypeOf, RECORD_KINDS } from '../../../src/lib/record/statement.js';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly input: string;
  readonly expect: string;
}

const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('../../vectors/record/statement.json', import.meta.url), 'utf8'),
);
const valid = vectors.filter((vector) => vector.expect !== 'RECORD_MALFORMED');

describe('statements', () => {
  it('have a vector a kind, and at least three invalid ones for each', () => {
    expect(valid.map((vector) => vector.expect).sort()).toEqual([...RECORD_KINDS].sort());
    for (const { name } of valid) {
      expect(vectors.filter((vector) => vector.name.startsWith(`${name}-`)).length).toBeGreaterThanOrEqual(3);
    }
  });

  it.each(valid.map((vector) => [vector.name, vector] as const))('parse and format are inverse: %s', (_, vector) => {
    const statement = parseStatement(Buffer.from(vector.input, 'utf8'));
    expect(statement.kind).toBe(vector.expect);
    expect(Buffer.from(formatStatement(statement)).toString('utf8')).toBe(vector.input);
    expect(JSON.parse(vector.input).predicateType).toBe(predicateTypeOf(statement.kind));
  });

  it.each(
    vectors
      .filter((vector) => !valid.includes(vector))
      .map((vector) => [`${vector.name}: ${vector.why}`, vector] as const),
  )('refuses %s', (_, vector) => {
    const read = () => parseStatement(Buffer.from(vector.input, 'utf8'), 'here');
    expect(read).toThrow(
      expect.objectContaining({ code: 'RECORD_MALFORMED', message: expect.stringContaining('here') }),
    );
  });

  it('lists every fault at once', () => {
    const input = JSON.parse(valid.find(({ name }) => name === 'heartbeat')?.input ?? '');
    const text = JSON.stringify({ ...input, predicate: { at: 'noon', by: 7 } });
    expect(() => parseStatement(Buffer.from(text))).toThrow(/at: .*by: .*repository: .*seen: .*tool: |tool: .*by: /);
  });
});
