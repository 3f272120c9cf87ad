import chalk, { chalkStderr } from 'chalk';
import type { CustodyError } from '../base/errors.js';
import { visible } from './visible.js';

/** Everything that is laid out for people, in 80 columns; colours only where the terminal has them. */

const WIDTH = 80;

/** Text in a colour of ours: escaped first, painted after, so that no colour of others passes for one. */
export interface Painted {
  readonly text: string;
  readonly paint: (text: string) => string;
}

export type Cell = string | Painted;

const plain = (cell: Cell) => (typeof cell === 'string' ? cell : cell.text);
const paintOf = (cell: Cell) => (typeof cell === 'string' ? (text: string) => text : cell.paint);

/** A heading over a block. */
export function heading(text: string): string {
  return chalk.bold(visible(text));
}

/** `label  value` lines with aligned values; long values go on below their first line. */
export function pairs(rows: readonly (readonly [label: string, value: Cell])[]): string {
  const width = Math.max(0, ...rows.map(([label]) => label.length)) + 2;
  return rows.map(([label, value]) => `${chalk.dim(label)}${beside(label, value, width)}`).join('\n');
}

/** What stands behind a label: padding only where something follows on the same line. */
function beside(label: string, value: Cell, width: number): string {
  const text = wrap(plain(value), width);
  return `${text.startsWith('\n') ? '' : ' '.repeat(width - label.length)}${painted(value, text)}`;
}

/** Line by line: a colour that runs over an indent would colour what stands there. */
function painted(cell: Cell, text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/\S.*$/, (shown) => paintOf(cell)(shown)))
    .join('\n');
}

/**
 * Breaks text at spaces so that it fits beside an indent. A word that is too long for that gets a line of its own at the
 * left, and is left whole even where it is longer than the line: digests and ARNs are there to be copied.
 */
export function wrap(text: string, indent: number): string {
  const [first = '', ...rest] = linesOf(text, WIDTH - indent);
  const fits = (line: string) => line.length <= WIDTH - indent;
  const below = (line: string) => `\n${' '.repeat(fits(line) ? indent : Math.min(2, indent))}${line}`;
  return [fits(first) || indent <= 2 ? first : below(first), ...rest.map(below)].join('');
}

function linesOf(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of visible(text, 4000).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** What changes from what to what, as in a diff. */
export function changeBlock(what: string, from: string, to: string): string {
  return `  ${wrap(what, 2)}\n    ${chalk.red(`- ${wrap(from, 6)}`)}\n    ${chalk.green(`+ ${wrap(to, 6)}`)}`;
}

/** Columns without borders; the last one goes on below itself where the row is too long. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map((cell) => visible(plain(cell), 200)));
  const widths = head.map((title, at) => Math.max(title.length, ...texts.map((row) => row[at]?.length ?? 0)));
  const indent = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const line = (cells: readonly Cell[], row: readonly string[]) => {
    const columns = row.map((text, at) => {
      const last = at === row.length - 1;
      const shown = painted(cells[at] ?? '', last ? wrap(text, indent) : text);
      return last ? shown : `${shown}${' '.repeat((widths[at] ?? 0) - text.length)}`;
    });
    return columns.join('  ').replaceAll(/ +$/gm, '');
  };
  return [chalk.dim(line([], head)), ...texts.map((row, at) => line(rows[at] ?? [], row))].join('\n');
}

export const MARKS = { pass: '✓', fail: '✗', skip: '–', none: '○' } as const;

export function mark(status: keyof typeof MARKS): string {
  const colour = { pass: chalk.green, fail: chalk.red, skip: chalk.yellow, none: chalk.dim }[status];
  return colour(MARKS[status]);
}

/** A failure for people: what, then what to do next; of a defect also where, since that is what its report needs. */
export function renderError(error: CustodyError): string {
  const hints = error.suggestions.map((hint) => `  ${chalkStderr.dim('→')} ${wrap(hint, 4)}\n`).join('');
  const { cause } = error;
  const stack = error.code === 'BUG' && cause instanceof Error ? (cause.stack ?? '') : '';
  const title = `${error.code}:`;
  const lines = `${title} ${error.message}`.split('\n').map((line) => wrap(line, 2));
  return `${chalkStderr.red(title)}${lines.join('\n  ').slice(title.length)}\n${hints}${
    stack === ''
      ? ''
      : `${stack
          .split('\n')
          .map((line) => visible(line))
          .join('\n')}\n`
  }`;
}
