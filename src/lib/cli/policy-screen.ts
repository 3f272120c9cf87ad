import chalk from 'chalk';
import type { PolicyDifference } from '../policy/difference.js';
import { differenceInWords, type PolicyLine, type PowerWords, principalInWords } from '../policy/words.js';
import type { ChangedStatement, PolicyChange, SlotDemand } from '../request/policy-change.js';
import { heading, wrap } from './render.js';

const PAINT: Readonly<Record<PowerWords['sign'], (text: string) => string>> = {
  '+': chalk.green,
  '-': chalk.red,
  '~': chalk.yellow,
};
const SIGN_OF: Readonly<Record<ChangedStatement['in'], '+' | '-' | ' '>> = { before: '-', after: '+', both: ' ' };

/**
 * What another key policy changes: who gains and loses what, what goes beyond the plan, and each statement; those of the
 * interlock together where they are the plan's own, unless `whole`.
 */
export function policyChangeScreen(
  { difference, beyondPlan, statements, unreadable }: PolicyChange,
  account: string,
  whole: boolean,
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
    ...(whole ? statements.map(statementLine) : foldedLines(statements)),
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
  return signed(SIGN_OF[statement.in], sentenceOf(statement));
}

function signed(sign: '+' | '-' | ' ', text: string): string {
  const laid = wrap(text, 4);
  return sign === ' ' ? `    ${chalk.dim(laid)}` : `  ${PAINT[sign](sign)} ${laid}`;
}

/** Each statement, but the interlock's at once where its first one stands: they differ in the names of slots alone. */
function foldedLines(statements: readonly ChangedStatement[]): readonly string[] {
  const told = new Set<ChangedStatement['in']>();
  return statements.flatMap((statement) => {
    if (statement.slot === null) return [statementLine(statement)];
    if (told.has(statement.in)) return [];
    told.add(statement.in);
    return interlockLines(statements.filter((other) => other.in === statement.in));
  });
}

function interlockLines(statements: readonly ChangedStatement[]): readonly string[] {
  const operations = new Map<string, Set<string>>();
  const slots = statements.flatMap(({ who, slot, in: place }) => (slot === null ? [] : [{ who, slot, place }]));
  for (const { who, slot } of slots) {
    const demand = `${who} may with equal slots of ${demandText(slot)}`;
    operations.set(demand, new Set([...(operations.get(demand) ?? []), ...slot.operations]));
  }
  const sign = SIGN_OF[slots[0]?.place ?? 'both'];
  return [
    signed(
      sign,
      `the approval interlock, ${slots.length} statements in the plan's own words (keys show ID --statements)`,
    ),
    ...[...operations].map(([demand, names]) => signed(sign, `${demand}: ${[...names].join(', ')}`)),
  ];
}

function demandText({ threshold, distinctDuties }: SlotDemand): string {
  return `${threshold} custodians${distinctDuties > 1 ? ` of ${distinctDuties} duties` : ''}`;
}

function sentenceOf({ effect, who, what, when }: PolicyLine): string {
  return `${who} ${effect === 'Allow' ? 'may' : 'may never'}: ${what}${when ? `, if ${when}` : ''}`;
}
