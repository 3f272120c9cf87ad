import { Errors } from '@oclif/core';
import { CustodyError, type ErrorContext } from '../base/errors.js';
import { isObject } from '../base/fields.js';

/**
 * Any failure as one of ours; null for a wanted end (help, version). Parse errors of the framework are USAGE: its own
 * error objects carry the whole input, so only their first line is taken.
 */
export function asError(cause: unknown): CustodyError | null {
  if (cause instanceof CustodyError) return cause;
  const exit = isObject(cause) && isObject(cause.oclif) ? cause.oclif.exit : undefined;
  if (cause instanceof Errors.ExitError && exit === 0) return null;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (isExitPrompt(cause)) return new CustodyError('INTERRUPTED', 'interrupted');
  if (cause instanceof Errors.CLIError || exit === 2) {
    return new CustodyError('USAGE', firstParagraph(message), {
      suggestions: ['Add --help for the flags of a command.'],
    });
  }
  return new CustodyError('BUG', `this is a defect of custody: ${message}`, { cause });
}

function isExitPrompt(cause: unknown): boolean {
  return cause instanceof Error && (cause.name === 'ExitPromptError' || cause.name === 'AbortPromptError');
}

function firstParagraph(message: string): string {
  // The framework lays out with tabs and line breaks, which a JSON reader has no use for.
  return (message.split('\nSee more help')[0] ?? message).replace(/\s+/g, ' ').trim();
}

/** The object that `--json` prints for a failure. */
export function errorJson(error: CustodyError): {
  readonly error: { readonly code: string; readonly message: string } & ErrorContext;
} {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.details ? { details: error.details } : {}),
      ...(error.suggestions.length > 0 ? { suggestions: error.suggestions } : {}),
    },
  };
}
