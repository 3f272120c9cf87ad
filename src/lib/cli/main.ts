import { flush, run } from '@oclif/core';
import { hoistGlobalFlags } from './argv.js';
import { asError, errorJson } from './failure.js';
import { schemaText, wantsSchema } from './json-schema.js';
import { renderError } from './render.js';
import { visibleJson } from './visible.js';

/** Runs the command line; the process ends with the exit status of the table in base/errors. */
export async function main(argv: readonly string[], entry: string): Promise<void> {
  const words = hoistGlobalFlags(argv);
  process.once('SIGINT', () => process.exit(130));
  // `custody … | head` closes our output: that is the reader's wish, no failure.
  process.stdout.on('error', (cause: NodeJS.ErrnoException) => process.exit(cause.code === 'EPIPE' ? 0 : 1));
  try {
    if (wantsSchema(argv)) process.stdout.write(await schemaText(argv, entry));
    else await run(words, entry);
  } catch (cause) {
    report(cause, words.includes('--json'));
  }
  await flush();
  // Timers of libraries (simple-git keeps one for a second) must not keep a finished command at the terminal.
  process.exit();
}

function report(cause: unknown, json: boolean): void {
  const error = asError(cause);
  if (error === null) return;
  process.exitCode = error.exit;
  if (json) process.stdout.write(`${visibleJson(errorJson(error))}\n`);
  else process.stderr.write(renderError(error));
}
