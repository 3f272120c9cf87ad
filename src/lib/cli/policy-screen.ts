import chalk from 'chalk';
import type { PolicyDifference } from '../policy/difference.js';
import { differenceInWords, type PolicyLine, type PowerWords, principalInWords } from '../policy/words.js';
import type { ChangedStatement, PolicyChange } from '../request/policy-change.js';
import { heading, wrap } from './render.js';

const PAINT: Readonly<Record<PowerWords['sign'], (text: string) => string>> = {
  '+': chalk.green,
  '-': chalk.red,
  '~': chalk.yellow,
};
const SIGN_OF: Readonly<Record<ChangedStatement['in'], '+' | '-' | ' '>> = { before: '-', after: '+', both: ' ' };

/** What another key policy changes: who gains and loses what, what goes beyond the plan, and each statement. */
export function policyChangeScreen(
  { difference, beyondPlan, statements, unreadable }: PolicyChange,
  account: string,
): string {
  return [
    heading('Who gains and who loses'),
    ...(unreadable === null
      ? []
      : [`  ${chalk.red(wrap(`What could not be read counts as nothing: ${unreadable}`, 2))}`]),
    differenceBlock(difference, account),
    '',
    ...(beyondPlan.length === 0
      ? []
      : [
          chalk.redBright.bold('Weaker than the plan: the plan in force does not give this'),
          ...beyondPlan.map((one) => powers({ ...one, loses: [] }, account)),
          '',
        ]),
    heading('Statements (- only before, + only after)'),
    ...statements.map(statementLine),
  ].join('\n');
}

/** Who gains and who loses what, a block each. */
export function differenceBlock(difference: readonly PolicyDifference[], account: string): string {
  if (difference.length === 0) return '  nobody: both policies let everyone do the same';
  return difference.map((one) => powers(one, account)).join('\n');
}

function powers(difference: PolicyDifference, account: string): string {
  const lines = differenceInWords(difference).map(({ sign, text }) => {
    const laid = wrap(`${sign} ${text}`, 6);
    return `    ${PAINT[sign](sign)}${laid.slice(1)}`;
  });
  return [`  ${wrap(principalInWords(difference.principal, account), 2)}`, ...lines].join('\n');
}

function statementLine(statement: ChangedStatement): string {
  const sign = SIGN_OF[statement.in];
  const laid = wrap(`${sign} ${sentenceOf(statement)}`, 4);
  if (sign === ' ') return `  ${chalk.dim(` ${laid.slice(1)}`)}`;
  return `  ${PAINT[sign](sign)}${laid.slice(1)}`;
}

function sentenceOf({ effect, who, what, when }: PolicyLine): string {
  return `${who} ${effect === 'Allow' ? 'may' : 'may never'}: ${what}${when ? `, if ${when}` : ''}`;
}
