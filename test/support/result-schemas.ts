import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { PACKAGE_ROOT } from './built.js';

export const RESULTS: string = join(PACKAGE_ROOT, 'schemas/results');

const known = new Map<string, ValidateFunction>();

/** The compiled schema of `schemas/results/<name>.schema.json`. */
export function resultSchema(name: string): ValidateFunction {
  const before = known.get(name);
  if (before) return before;
  const schema = JSON.parse(readFileSync(join(RESULTS, `${name}.schema.json`), 'utf8')) as object;
  const compiled = new Ajv2020({ allErrors: true }).compile(schema);
  known.set(name, compiled);
  return compiled;
}

interface Manifest {
  readonly commands: Readonly<Record<string, unknown>>;
}

/** Every command, as `keys:rotate`. */
export function commandIds(): readonly string[] {
  const text = readFileSync(join(PACKAGE_ROOT, 'oclif.manifest.json'), 'utf8');
  return Object.keys((JSON.parse(text) as Manifest).commands);
}

/** The command that words begin with, as the name of its schema; null for none. */
function schemaName(words: readonly string[]): string | null {
  for (let count = 3; count > 0; count -= 1) {
    if (commandIds().includes(words.slice(0, count).join(':'))) return words.slice(0, count).join('-');
  }
  return null;
}

/** Throws unless an answer is one JSON object and fits the command's schema, or that of errors. */
export function validateAnswer(words: readonly string[], outcome: { readonly stdout: string }): void {
  const value: unknown = JSON.parse(outcome.stdout);
  const name = typeof value === 'object' && value !== null && 'error' in value ? 'error' : schemaName(words);
  if (name === null) return;
  const validate = resultSchema(name);
  if (validate(value)) return;
  const faults = validate.errors?.map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
  throw new Error(`custody ${words.join(' ')} does not fit ${name}.schema.json: ${faults?.join('; ')}`);
}
