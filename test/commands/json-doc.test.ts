import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_EXIT } from '../../src/lib/base/errors.js';
import { at } from '../../src/lib/rehearse/expect.js';
import { PACKAGE_ROOT } from '../support/built.js';
import { commandIds, RESULTS } from '../support/result-schemas.js';

const document = readFileSync(join(PACKAGE_ROOT, 'docs/json.md'), 'utf8');

function schema(name: string): unknown {
  return JSON.parse(readFileSync(join(RESULTS, `${name}.schema.json`), 'utf8'));
}

/** `{request, receipt, error?}` of an object's schema. */
function fields(shape: unknown): string {
  const properties = at(shape, 'properties') as Readonly<Record<string, unknown>>;
  const required = at(shape, 'required') as readonly string[];
  return `{${Object.keys(properties)
    .map((name) => (required.includes(name) ? name : `${name}?`))
    .join(', ')}}`;
}

/** What a result can look like, one shape each, references resolved. */
function shapesOf(whole: unknown): readonly string[] {
  const shapes = (at(whole, 'anyOf') as readonly unknown[] | undefined) ?? [whole];
  return shapes.map((shape) => {
    const reference = at(shape, '$ref');
    return fields(typeof reference === 'string' ? at(whole, '$defs', reference.split('/').at(-1) ?? '') : shape);
  });
}

describe('docs/json.md', () => {
  it.each(commandIds().map((id) => ({ id })))('has the result of $id as its schema says', ({ id }) => {
    const shapes = [...new Set(shapesOf(schema(id.replaceAll(':', '-'))))].map((shape) => `\`${shape}\``).join(' or ');
    expect(document).toContain(`| \`${id.replaceAll(':', ' ')}\` | ${shapes} |`);
  });

  it.each([
    'request',
    'receipt',
    'key',
    'check',
    'call',
    'fault',
    'difference',
    'proposed',
    'material',
    'grant',
    'power',
  ])('has the parts of a %s', (name) => {
    const holders = readdirSync(RESULTS).map((file) => schema(file.replace('.schema.json', '')));
    const shape = holders.map((holder) => at(holder, '$defs', name)).find((found) => found !== undefined);
    expect(document).toContain(`| ${name} | \`${fields(shape)}\` |`);
  });

  it('has each exit status with exactly its codes', () => {
    const codes = Object.entries(ERROR_EXIT);
    for (const exit of new Set(codes.map(([, status]) => status))) {
      const names = codes.filter(([, status]) => status === exit).map(([code]) => `\`${code}\``);
      expect(document).toContain(`| ${exit} | ${names.join(', ')} |`);
    }
  });
});
