import { fileURLToPath } from 'node:url';
import { CustodyError } from '../base/errors.js';
import { readFileBounded } from '../fs/files.js';
import { commandWords } from './argv.js';

const MAX_SCHEMA_BYTES = 1024 * 1024;
/** What a command's word looks like; anything else never becomes part of a path. */
const WORD = /^[a-z][a-z-]{0,30}$/;

/** Whether the schema of a result is asked for; what stands behind `--` belongs to a child process. */
export function wantsSchema(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json-schema');
}

/**
 * The JSON Schema of the result of the command that `argv` names, from `schemas/results` beside `entry`'s folder; its
 * arguments and flags may be missing.
 * @throws CustodyError USAGE when it names no command
 */
export async function schemaText(argv: readonly string[], entry: string): Promise<string> {
  const words = commandWords(argv);
  const end = words.findIndex((word) => !WORD.test(word));
  for (let count = end === -1 ? words.length : end; count > 0; count -= 1) {
    const name = `${words.slice(0, count).join('-')}.schema.json`;
    const bytes = await readFileBounded(fileURLToPath(new URL(`../schemas/results/${name}`, entry)), MAX_SCHEMA_BYTES);
    if (bytes !== null) return bytes.toString('utf8');
  }
  throw new CustodyError('USAGE', '--json-schema needs the name of a command', {
    suggestions: ['custody keys rotate --json-schema', 'custody help lists the commands.'],
  });
}
