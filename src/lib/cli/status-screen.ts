import chalk from 'chalk';
import { counted } from '../base/counted.js';
import type { Check } from '../inspect/check.js';
import type { KeyLine, Need, StatusFinding, StatusReport } from '../status/report.js';
import type { RequestLine } from '../status/tasks.js';
import { type Cell, heading, mark, type Painted, pairs, table, wrap } from './render.js';
import { stateCell } from './request-screen.js';

/** The front page in 80 columns: what needs you first, then how everything stands. */
export function statusScreen(report: StatusReport): string {
  const { verdict, needs, keys, requests, roster, findings, checks } = report;
  const colour = verdict === 'verified' ? chalk.green : verdict === 'refused' ? chalk.red : chalk.yellow;
  return [
    head(report),
    '',
    heading('What needs you now'),
    ...(needs.length === 0 ? ['  Nothing.'] : needs.map(needText)),
    '',
    keyRows(keys),
    '',
    ...(requests.length === 0 ? [] : [requestRows(requests), '']),
    seatRows(report, roster),
    ...(findings.length === 0 ? [] : ['', heading('Findings'), ...shownFindings(findings)]),
    '',
    ...checks.map((check) =>
      checkText(
        check,
        findings.filter(({ section }) => section === check.id),
      ),
    ),
    '',
    colour(verdict),
  ].join('\n');
}

function head({ repository, ledger, identity, at }: StatusReport): string {
  const seen =
    ledger.remembered === null
      ? 'nothing before'
      : `${short(ledger.remembered.head)} on ${day(ledger.remembered.seenAt)}`;
  return pairs([
    ['repository', `${repository.id}, plan ${repository.planVersion}, roster ${repository.rosterVersion}`],
    ['you', identity ?? 'nobody in particular (--as CUSTODIAN)'],
    ['head', `${short(ledger.commit)}; this machine saw ${seen}`],
    ['ledger', ledger.head === null ? 'not readable' : `${ledger.head.size} entries, ${ledger.head.digest ?? 'empty'}`],
    ['at', at],
  ]);
}

function short(commit: string | null): string {
  return commit === null ? 'nothing' : commit.slice(0, 12);
}

function day(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}

function needText({ command, because }: Need, at: number): string {
  return `${String(at + 1).padStart(2)}. ${chalk.bold(wrap(command, 4))}\n    ${wrap(because, 4)}`;
}

function keyRows(keys: readonly KeyLine[]): string {
  return table(
    ['key', 'state', 'next rotation', 'enforcement'],
    keys.map((key) => [key.name, key.state ?? 'not read', dueCell(key), enforcementCell(key)]),
  );
}

function dueCell({ nextRotationAt, dueBy, rotationDue }: KeyLine): Cell {
  if (nextRotationAt === null) return rotationDue ? paintedYellow('due') : 'unknown';
  const date = `${dueBy === 'records' ? 'by ' : ''}${nextRotationAt.slice(0, 10)}`;
  return rotationDue ? paintedYellow(`${date} due`) : date;
}

function paintedYellow(text: string): Painted {
  return { text, paint: chalk.yellow };
}

/** The reason of an advisory key stands among the findings, or in `keys show`; here it is one word and its first reason. */
function enforcementCell({ enforcement }: KeyLine): Cell {
  if (enforcement === null) return 'unproven';
  if (enforcement.level === 'enforced') return { text: 'enforced', paint: chalk.green };
  return paintedYellow(`advisory: ${enforcement.because}`);
}

function requestRows(requests: readonly RequestLine[]): string {
  return table(
    ['request', 'state', 'until', 'signed', 'what'],
    requests.map((one) => [
      one.id,
      stateCell(one.state),
      day(one.until),
      `${one.signed.length}/${one.threshold}`,
      whatText(one),
    ]),
  );
}

function whatText({ action, key, signed, waitsFor }: RequestLine): string {
  const by = signed.length === 0 ? '' : `; signed by ${signed.join(', ')}`;
  return `${action}${key === null ? '' : ` ${key}`}${by}; waits for ${waitsFor}`;
}

function seatRows({ identity }: StatusReport, { seats, threshold }: StatusReport['roster']): string {
  return table(
    ['seat', 'role', 'last sign of life', `${threshold} of ${seats.length} sign`],
    seats.map(({ id, duty, lastAt, by, ageDays, stale }) => {
      const text = lastAt === null ? 'never' : `${day(lastAt)} (${by})`;
      const age = ageDays === null ? '' : `${counted(ageDays, 'day')} ago`;
      return [id === identity ? `${id} (you)` : id, duty, stale ? paintedYellow(text) : text, age];
    }),
  );
}

/** A section in a line: what is wrong with it stands above. */
function checkText({ id, status, detail }: Check, own: readonly StatusFinding[]): string {
  const warned = status === 'pass' && own.some(({ severity }) => severity !== 'note');
  const sign = warned ? chalk.yellow('!') : mark(status);
  const count = (severity: string, noun: string) => {
    const { length } = own.filter((one) => one.severity === severity);
    return length === 0 ? [] : [`${length} ${noun}${length === 1 ? '' : 's'}`];
  };
  const counts = [...count('error', 'error'), ...count('warning', 'warning'), ...count('note', 'note')].join(', ');
  const text = own.length === 0 ? detail : status === 'skip' ? `${counts}; ${detail}` : counts;
  return `${sign} ${id.padEnd(14)} ${wrap(text, 17)}`;
}

const MOST_SHOWN = 12;
const SIGN: Readonly<Record<StatusFinding['severity'], (text: string) => string>> = {
  error: chalk.red,
  warning: chalk.yellow,
  note: chalk.dim,
};

function shownFindings(findings: readonly StatusFinding[]): readonly string[] {
  const rest = findings.length - MOST_SHOWN;
  const order = ['error', 'warning', 'note'];
  const sorted = [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const lines = sorted.slice(0, MOST_SHOWN).map(({ severity, section, key, text }) => {
    const where = key === null ? section : key;
    return `${SIGN[severity]('!')} ${wrap(`${severity}, ${where}: ${text}`, 4)}`;
  });
  return rest > 0 ? [...lines, `  and ${rest} more (--json lists them)`] : lines;
}
