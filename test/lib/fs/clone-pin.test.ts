import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseClonePin } from '../../../src/lib/fs/clone-pin.js';
import { formatMemory, parseMemory } from '../../../src/lib/record/memory.js';

interface Vector {
  readonly name: string;
  readonly input: string;
  readonly expect: string;
}
const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../vectors/state/${name}.json`, import.meta.url), 'utf8')) as Vector[];

describe.each([
  ['clone-pin', parseClonePin, 'pin'],
  ['memory', parseMemory, 'memory'],
] as const)('what this machine keeps: %s', (name, parse, kind) => {
  it.each(vectors(name))('$name', ({ input, expect: expected }) => {
    const read = () => parse(Buffer.from(input), 'file');
    if (expected === kind) expect(read()).toEqual(JSON.parse(input));
    else expect(read).toThrow(expect.objectContaining({ code: expected }));
  });
});

it('a memory is read as it was written', () => {
  const [{ input } = { input: '' }] = vectors('memory');
  const memory = parseMemory(Buffer.from(input), 'file');
  expect(parseMemory(formatMemory(memory), 'file')).toEqual(memory);
});
