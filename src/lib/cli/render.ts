import chalk, { chalkStderr } from 'chalk';
import type { CustodyError } from '../base/errors.js';
import { visible } from './visible.js';

/** Everything that is laid out for people, in 80 columns; colours only where the terminal has them. */

const WIDTH = 80;

/** A heading over a block. */
export function heading(text: string): string {
  return chalk.bold(visible(text));
}

/** `label  value` lines with aligned values; long values go on below their first line. */
export function pairs(rows: readonly (readonly [label: string, value: string])[]): string {
  const width = Math.max(0, ...rows.map(([label]) => label.length)) + 2;
  return rows.map(([label, value]) => `${chalk.dim(label.padEnd(width))}${wrap(value, width)}`).join('\n');
}

/** Breaks text at spaces so that it fits beside an indent; a word longer than the line is left whole. */
export function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of visible(text, 4000).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH - indent) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

/** Columns without borders; the last one is cut rather than wrapped where the row is too long. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => visible(cell, 200)));
  const widths = head.map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  ');
  return [chalk.dim(line(head)), ...cells.map(line)].map((text) => text.trimEnd()).join('\n');
}

export const MARKS = { pass: '✓', fail: '✗', skip: '–' } as const;

export function mark(status: keyof typeof MARKS): string {
  const colour = { pass: chalk.green, fail: chalk.red, skip: chalk.yellow }[status];
  return colour(MARKS[status]);
}

/** A failure for people: what, then what to do next; of a defect also where, since that is what its report needs. */
export function renderError(error: CustodyError): string {
  const hints = error.suggestions.map((hint) => `  ${chalkStderr.dim('→')} ${wrap(hint, 4)}\n`).join('');
  const { cause } = error;
  const stack = error.code === 'BUG' && cause instanceof Error ? (cause.stack ?? '') : '';
  const lines = error.message.split('\n').map((line) => wrap(line, 2));
  return `${chalkStderr.red(`${error.code}:`)} ${lines.join('\n  ')}\n${hints}${
    stack === ''
      ? ''
      : `${stack
          .split('\n')
          .map((line) => visible(line))
          .join('\n')}\n`
  }`;
}
