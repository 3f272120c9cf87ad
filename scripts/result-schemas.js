// Writes schemas/results/*.schema.json: a JSON Schema (2020-12) of what each command prints with --json. With --check
// only compares.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { RESULTS as DRILLS } from './results/drills.js';
import { RESULTS as KEYS } from './results/keys.js';
import { RESULTS as LEDGER } from './results/ledger.js';
import { RESULTS as POLICY } from './results/policy.js';
import { RESULTS as SANDBOX } from './results/sandbox.js';
import { RESULTS as SETUP } from './results/setup.js';
import { DEFINITIONS } from './results/shapes.js';

const RESULTS = { ...DRILLS, ...KEYS, ...LEDGER, ...POLICY, ...SANDBOX, ...SETUP };

const folder = new URL('../schemas/results/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, shape] of Object.entries(RESULTS)) {
  const file = new URL(`${name}.schema.json`, folder);
  const content = `${JSON.stringify(schemaOf(name, shape), null, 2)}\n`;
  if (!process.argv.includes('--check')) writeFileSync(file, content);
  else if (content !== read(file)) {
    process.stderr.write(`${name}.schema.json does not fit the shapes: node scripts/result-schemas.js\n`);
    process.exitCode = 1;
  }
}

/** Whole by itself: only the definitions that it uses, and those that these use. */
function schemaOf(name, shape) {
  const used = new Set();
  const collect = (value) => {
    for (const [, definition] of JSON.stringify(value).matchAll(/"#\/\$defs\/(\w+)"/g)) {
      if (used.has(definition)) continue;
      used.add(definition);
      collect(DEFINITIONS[definition]);
    }
  };
  collect(shape);
  const title =
    name === 'error'
      ? 'What every command prints with --json when it fails'
      : `Result of custody ${name.replaceAll('-', ' ')}`;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    ...shape,
    ...(used.size > 0 ? { $defs: Object.fromEntries([...used].sort().map((key) => [key, DEFINITIONS[key]])) } : {}),
  };
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
