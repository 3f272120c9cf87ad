import { CustodyError } from '../base/errors.js';
import type { Review } from '../request/approve.js';

/** Questions at the terminal; all of them go to stderr, so that results can be piped. */

const OUTPUT = { output: process.stderr };

/**
 * Asks for the last characters of the digest: something that only a look at the screen gives; for the end of a key also for
 * its name.
 */
export async function confirmReview({ case: { request } }: Review): Promise<boolean> {
  const { input } = await import('@inquirer/prompts');
  const last = request.digest.slice(-6);
  const typed = await input(
    { message: `To sign, type the last six characters of the digest (…${last.replaceAll(/./g, '·')}):` },
    OUTPUT,
  );
  if (typed.trim().toLowerCase() !== last) return false;
  const { class: power, key } = request.statement.predicate;
  if (power === 'delete') await confirmName(true, undefined, key?.name ?? '', 'approve its deletion');
  return true;
}

/**
 * A key's name, typed by the one who means it; without a terminal it must have been given.
 * @throws CustodyError INPUT_MISSING, USAGE for another name
 */
export async function confirmName(
  interactive: boolean,
  given: string | undefined,
  name: string,
  purpose: string,
): Promise<void> {
  if (given === undefined && !interactive) {
    throw new CustodyError('INPUT_MISSING', `without a terminal, --confirm must name the key, to ${purpose}`, {
      suggestions: [`--confirm ${name}`],
    });
  }
  const typed = given ?? (await askText(`To ${purpose}, type the name of the key (${name}):`));
  if (typed === name) return;
  throw new CustodyError('USAGE', 'that is not the name of the key: nothing was signed', {
    details: { expected: name },
  });
}

export async function confirm(message: string): Promise<boolean> {
  const prompts = await import('@inquirer/prompts');
  return prompts.confirm({ message, default: false }, OUTPUT);
}

export async function askText(message: string, fallback?: string): Promise<string> {
  const { input } = await import('@inquirer/prompts');
  const options = fallback === undefined ? { message, required: true } : { message, default: fallback };
  return (await input(options, OUTPUT)).trim();
}

export async function askChoice<const T extends string>(message: string, choices: readonly T[]): Promise<T> {
  const { select } = await import('@inquirer/prompts');
  return select({ message, choices: choices.map((value) => ({ value })) }, OUTPUT);
}

/** One of a few things, asked for at the terminal. @throws CustodyError INPUT_MISSING without one, NOT_FOUND with no choice */
export async function chooseOne(interactive: boolean, what: string, choices: readonly string[]): Promise<string> {
  if (!interactive) throw new CustodyError('INPUT_MISSING', `without a terminal, ${what} must be named`);
  if (choices.length === 0) throw new CustodyError('NOT_FOUND', `there is no ${what} to choose from`);
  return askChoice(`Which ${what}?`, choices);
}

/** Any number of a few things. @throws CustodyError INPUT_MISSING without a terminal */
export async function chooseSome(
  interactive: boolean,
  what: string,
  choices: readonly string[],
): Promise<readonly string[]> {
  if (!interactive) throw new CustodyError('INPUT_MISSING', `without a terminal, ${what} must be named`);
  const { checkbox } = await import('@inquirer/prompts');
  return checkbox({ message: `Which ${what}?`, choices: choices.map((value) => ({ value })), required: true }, OUTPUT);
}

/** A flag's value, or an answer where there is a terminal. @throws CustodyError INPUT_MISSING */
export async function orAsk(
  given: string | undefined,
  interactive: boolean,
  flag: string,
  message: string,
): Promise<string> {
  if (given !== undefined && given !== '') return given;
  if (interactive) return askText(message);
  throw new CustodyError('INPUT_MISSING', `${flag} is needed without a terminal`);
}
