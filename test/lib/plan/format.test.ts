import { describe, expect, it } from 'vitest';
import { formatCanonical, type JsonValue } from '../../../src/lib/base/canonical-json.js';
import { assertPlanFollows, formatPlan, parsePlan, planDigest } from '../../../src/lib/plan/format.js';
import type { NumberedPlan } from '../../../src/lib/plan/plan.js';
import vectors from '../../vectors/plan/plan.json' with { type: 'json' };
import { draft, refusal } from './fixture.js';

interface Input {
  readonly set?: Readonly<Record<string, JsonValue>>;
  readonly drop?: readonly string[];
  readonly text?: string;
}

type Tree = Record<string, unknown>;

const first = (): NumberedPlan => ({ version: 1, previous: null, plan: draft().plan });

/** The object that holds the last name of a dotted path, and that name. */
function holder(tree: Tree, path: string): [Tree, string] {
  const names = path.split('.');
  const last = names.pop() ?? '';
  return [names.reduce((at, name) => at[name] as Tree, tree), last];
}

function bytesOf({ set = {}, drop = [], text }: Input): Uint8Array {
  if (text !== undefined) return Buffer.from(text);
  const tree = JSON.parse(Buffer.from(formatPlan(first())).toString()) as Tree;
  for (const [path, value] of Object.entries(set)) {
    const [at, name] = holder(tree, path);
    Object.defineProperty(at, name, { value, enumerable: true, configurable: true, writable: true });
  }
  for (const path of drop) {
    const [at, name] = holder(tree, path);
    delete at[name];
  }
  return Buffer.from(formatCanonical(tree as JsonValue));
}

describe('parsePlan', () => {
  it.each(vectors)('$name: $why', ({ input, expect: wanted }) => {
    const bytes = bytesOf(input as unknown as Input);
    if (typeof wanted === 'string') expect(Buffer.from(formatPlan(parsePlan(bytes))).equals(bytes)).toBe(true);
    else expect(refusal(() => parsePlan(bytes, 'plan/1.json')).message).toContain(wanted.says);
  });

  it('gives back what formatPlan wrote', () => {
    expect(parsePlan(formatPlan(first()))).toEqual(first());
  });
});

describe('assertPlanFollows', () => {
  const next = (): NumberedPlan => ({ ...first(), version: 2, previous: planDigest(first()) });

  it('takes the direct successor only', () => {
    expect(() => assertPlanFollows(next(), first())).not.toThrow();
  });

  it.each([
    ['a gap', { version: 3 }],
    ['the same version', { version: 1 }],
    ['T24 another predecessor', { previous: `sha256:${'0'.repeat(64)}` }],
    ['no predecessor', { previous: null }],
  ])('refuses %s', (_, change) => {
    expect(refusal(() => assertPlanFollows({ ...next(), ...change }, first())).message).toContain(
      'does not follow plan 1',
    );
  });
});
