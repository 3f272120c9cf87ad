import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import type { LocatedFault } from '../../../src/lib/plan/report.js';
import { parseYaml } from '../../../src/lib/plan/yaml.js';
import vectors from '../../vectors/plan/yaml.json' with { type: 'json' };
import { refusal } from './fixture.js';

interface Expectation {
  readonly value?: unknown;
  readonly names?: readonly string[];
  readonly lines?: Readonly<Record<string, number>>;
  readonly faults?: readonly { readonly line: number; readonly expected: string }[];
}

/** `REPEAT:x:200` stands for 200 times x. */
function inputOf(text: string): string {
  const [, part = '', times = '0'] = /^REPEAT:(.+):(\d+)$/.exec(text) ?? [];
  return part === '' ? text : part.repeat(Number(times));
}

describe('parseYaml', () => {
  it.each(vectors)('$name: $why', ({ input, expect: given }) => {
    const wanted = given as unknown as Expectation;
    if (wanted.faults) {
      const error = refusal(() => parseYaml(inputOf(input), 'x.yaml'));
      const faults = error.details?.faults as readonly LocatedFault[];
      expect(faults.map(({ line, expected }) => ({ line, expected }))).toEqual(wanted.faults);
      for (const { line } of wanted.faults) expect(error.message).toContain(`x.yaml:${line}: `);
      return;
    }
    const read = parseYaml(inputOf(input), 'x.yaml');
    if (wanted.value !== undefined) expect(read.value).toEqual(wanted.value);
    if (wanted.names) expect(Object.keys(read.value as object)).toEqual(wanted.names);
    for (const [path, line] of Object.entries(wanted.lines ?? {}))
      expect([path, read.lineOf(path)]).toEqual([path, line]);
  });

  it('leaves the prototype of objects alone', () => {
    parseYaml('__proto__: { polluted: true }\n', 'x.yaml');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('refuses more than 256 KiB before it reads any', () => {
    const bytes = Buffer.alloc(256 * 1024 + 1, '[');
    expect(refusal(() => parseYaml(bytes, 'x.yaml')).message).toContain('x.yaml:1: it: expected at most 262144 bytes');
  });

  it('reads 256 KiB of doubled names in seconds, and shows at most a hundred', () => {
    const error = refusal(() => parseYaml('a:\n'.repeat(80_000), 'x.yaml'));
    expect(error.message).toContain('79999 faults');
    expect(error.message.split('\n')).toHaveLength(102);
  });

  it('refuses bytes that are not UTF-8, and a byte order mark', () => {
    for (const bytes of [Buffer.from([0x61, 0x3a, 0x20, 0xff]), Buffer.from('\ufeffa: 1\n')]) {
      expect(refusal(() => parseYaml(bytes, 'x.yaml'))).toBeInstanceOf(CustodyError);
    }
  });
});
