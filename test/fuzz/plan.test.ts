import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../src/lib/base/errors.js';
import { formatDraft, parseDraft } from '../../src/lib/plan/draft.js';
import { formatPlan, parsePlan } from '../../src/lib/plan/format.js';
import { parseYaml } from '../../src/lib/plan/yaml.js';
import { draft, TEMPLATE } from '../lib/plan/fixture.js';

/** A value, or a PLAN_INVALID: anything else is a defect. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof CustodyError && error.code === 'PLAN_INVALID') return null;
    throw error;
  }
}

/** Text that looks like YAML more often than chance would have it. */
const yamlish = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'a: ',
        '- ',
        '? ',
        ': ',
        '[',
        ']',
        '{',
        '}',
        ',',
        '\n',
        '  ',
        '"',
        "'",
        '&x ',
        '*x',
        '!t ',
        '|\n',
        '>-\n',
        '# ',
      ),
      fc.constantFrom(
        '---\n',
        '...\n',
        '%YAML 1.1\n',
        '<<: ',
        '\t',
        '\r',
        '\\u',
        '0x1',
        '.inf',
        'null',
        '__proto__: ',
        'keys:\n ',
      ),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

/** A text with one stretch of it replaced. */
const bent = (text: string) =>
  fc
    .tuple(fc.nat(text.length), fc.nat(40), fc.oneof(yamlish, fc.string({ maxLength: 8 })))
    .map(([at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut));

describe('any bytes give a value or PLAN_INVALID', () => {
  it('parseYaml, parseDraft and parsePlan on bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        attempt(() => parseYaml(bytes, 'x'));
        attempt(() => parseDraft(bytes));
        attempt(() => parsePlan(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('parseYaml on what looks like YAML: what it reads is JSON', () => {
    fc.assert(
      fc.property(yamlish, (text) => {
        const read = attempt(() => parseYaml(text, 'x'));
        if (read) expect(JSON.parse(JSON.stringify(read.value))).toEqual(read.value);
      }),
      { numRuns: 1000 },
    );
  });

  it('parseDraft on a bent template: what it reads, it writes and reads again', () => {
    fc.assert(
      fc.property(bent(TEMPLATE), (text) => {
        const read = attempt(() => parseDraft(text));
        if (read) expect(parseDraft(formatDraft(read))).toEqual(read);
      }),
      { numRuns: 150 },
    );
  });

  it('parsePlan on a bent plan: what it reads is its only form', () => {
    const text = Buffer.from(formatPlan({ version: 1, previous: null, plan: draft().plan })).toString();
    fc.assert(
      fc.property(bent(text), (changed) => {
        const bytes = Buffer.from(changed);
        const read = attempt(() => parsePlan(bytes));
        if (read) expect(Buffer.from(formatPlan(read)).equals(bytes)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
