import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { formatDraft, parseDraft } from '../../../src/lib/plan/draft.js';
import type { LocatedFault } from '../../../src/lib/plan/report.js';
import { planSchema } from '../../../src/lib/plan/schema.js';
import { parseYaml } from '../../../src/lib/plan/yaml.js';
import vectors from '../../vectors/plan/draft.json' with { type: 'json' };
import { draft, P384_KEY, PUBLIC_KEYS, refusal, TEMPLATE } from './fixture.js';

interface Edit {
  readonly find: string;
  readonly put: string;
}

interface ExpectedFault {
  readonly path: string;
  /** How the line of the fault begins. */
  readonly line: string;
  readonly says: string;
}

function withKeys(text: string): string {
  return text.replace(/\bKEY(\d)\b/g, (_, at: string) => PUBLIC_KEYS[Number(at)] ?? '').replaceAll('P384', P384_KEY);
}

/** The template with every occurrence of `find` replaced. */
function edited(edits: readonly Edit[]): string {
  return edits.reduce((text, { find, put }) => {
    const before = withKeys(find);
    if (!text.includes(before)) throw new Error(`the template has no ${before}`);
    return text.replaceAll(before, withKeys(put));
  }, TEMPLATE);
}

function faultsOf(text: string): readonly LocatedFault[] {
  return refusal(() => parseDraft(text)).details?.faults as readonly LocatedFault[];
}

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(planSchema());

describe('parseDraft', () => {
  it.each(vectors)('$name: $why', ({ input, expect: wanted }) => {
    const text = edited(input);
    const shapeIsFine = validate(parseYaml(text, 'custody.yaml').value);
    if (typeof wanted === 'string') {
      expect(parseDraft(text).plan.schema).toBe(1);
      expect(validate.errors ?? []).toEqual([]);
      return;
    }
    const found = faultsOf(text);
    const lines = text.split('\n');
    const seen = found.map(({ path, line }) => ({ path, line: lines.slice(line - 1).join('\n') }));
    const expected: readonly ExpectedFault[] = wanted.faults;
    expect(found.map(({ path }) => path).sort()).toEqual(expected.map(({ path }) => path).sort());
    for (const { path, line, says } of expected) {
      const at = seen.findIndex((item) => item.path === path);
      expect(
        seen[at]?.line.trimStart().startsWith(withKeys(line).trimStart()),
        `line of ${path}: ${seen[at]?.line.slice(0, 60)}`,
      ).toBe(true);
      expect(found[at]?.expected).toContain(says);
    }
    // What is wrong with the shape must also be seen in an editor.
    if (wanted.shape) expect(shapeIsFine).toBe(false);
  });

  it('reports faults as file:line, in the order of the file', () => {
    const text = edited([
      { find: 'retention: 2555d', put: 'retention: ever' },
      { find: 'schema: 1', put: 'schema: one' },
    ]);
    const error = refusal(() => parseDraft(text, 'x.yaml'));
    expect(error.message.split('\n').map((line) => line.slice(0, 60))).toEqual([
      'x.yaml: 2 faults',
      'x.yaml:4: schema: expected 1, found "one"',
      expect.stringMatching(/^x\.yaml:\d+: ledger\.retention: expected a duration/),
    ]);
    expect(error.exit).toBe(2);
  });

  it.each(['', '- a\n', 'text\n', '1\n'])('refuses %j: not a mapping', (text) => {
    expect(faultsOf(text)).toEqual([expect.objectContaining({ path: '', line: 1, expected: 'a mapping' })]);
  });

  it('refuses seventeen keys: an executor has slots for sixteen', () => {
    const { plan, roster } = draft();
    const keyOf = (at: number) => ({ ...plan.keys.webauthn, alias: `alias/cmk/k${at}` });
    const many = (count: number) => {
      const extra = Array.from({ length: count - 5 }, (_, at) => [`extra-${at}`, keyOf(at)]);
      return formatDraft({ plan: { ...plan, keys: { ...plan.keys, ...Object.fromEntries(extra) } }, roster });
    };
    expect(Object.keys(parseDraft(many(16)).plan.keys)).toHaveLength(16);
    expect(faultsOf(many(17))).toEqual([
      expect.objectContaining({ path: 'keys', expected: '1 to 16 names', found: '17 names' }),
    ]);
  });

  it('judges tree and roster though another key has a fault of its shape', () => {
    const text = edited([
      { find: 'alias: alias/cmk/webauthn', put: 'alias: 7' },
      { find: '    owner: Audit\n    parent: root', put: '    owner: Audit\n    parent: webauthn' },
      { find: 'alias: alias/cmk/case-data', put: 'alias: alias/cmk/root' },
    ]);
    expect(faultsOf(text).map(({ path }) => path)).toEqual(['keys.case-data.alias', 'keys.webauthn.alias']);
  });
});

describe('formatDraft', () => {
  it('is the inverse of parseDraft', () => {
    expect(parseDraft(formatDraft(draft()))).toEqual(draft());
  });
});
