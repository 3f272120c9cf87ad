import chalk from 'chalk';
import type { PlannedCall } from '../drill/calls.js';
import { DRILL_IDS, type DrillId } from '../drill/drills.js';
import { isLeftOut } from '../drill/remedy.js';
import type { DrillAnswer, DrillResult } from './drill.js';
import { heading, mark, pairs, table, wrap } from './render.js';

type Shown = DrillResult['checks'][number];

/** The worst first: the mark of a drill is that of its worst check. */
const STATUS_WORDS = [
  ['fail', 'failed'],
  ['skip', 'unproven'],
  ['pass', 'passed'],
  ['none', 'not of this plan'],
] as const satisfies readonly (readonly [Shown['status'], string])[];

/**
 * In 80 columns: a line a drill, below it what did not pass, or with `everyCheck` each check; what to do about it; the evidence.
 */
export function drillText(answer: DrillAnswer, everyCheck: boolean): string {
  if ('dryRun' in answer) return callsText(answer.calls);
  const { verdict, quarter, number, rtoSeconds, rpoSeconds, checks, challenge, report, unproven } = answer;
  const colour = verdict === 'verified' ? chalk.green : chalk.red;
  const bare = unproven.filter((what) => !checks.some(({ id }) => id === what));
  return [
    ...DRILL_IDS.flatMap((id) =>
      drillLines(
        id,
        checks.filter((check) => drillOf(check) === id),
        everyCheck,
      ),
    ),
    ...bare.map((what) => `${mark('skip')} ${wrap(what, 2)}`),
    ...remedies(checks),
    '',
    pairs([
      ['drill', `${quarter}-${number}`],
      ['recovery time', `${rtoSeconds} s`],
      ['recovery point', rpoSeconds === null ? 'unbounded' : `${rpoSeconds} s`],
      ['challenge', challenge?.id ?? 'none'],
      ['evidence', `${report.path}, ${report.digest}`],
      ...report.files.map((file) => ['report', file] as const),
    ]),
    '',
    colour(verdict),
  ].join('\n');
}

const drillOf = ({ id }: Shown) => id.split('.')[0] ?? '';
const isOpen = ({ status }: Shown) => status === 'fail' || status === 'skip';

function drillLines(id: DrillId, checks: readonly Shown[], everyCheck: boolean): readonly string[] {
  const found = STATUS_WORDS.flatMap(([status, word]) => {
    const count = checks.filter((check) => check.status === status).length;
    return count === 0 ? [] : [{ status, text: `${count} ${word}` }];
  });
  const [worst] = found;
  if (worst === undefined) return [];
  const seconds = checks.reduce((sum, check) => sum + check.seconds, 0).toFixed(1);
  const leftOut = checks.every((check) => isLeftOut({ id: check.id, drill: id }));
  const counts = leftOut ? 'left out: unproven' : found.map(({ text }) => text).join(', ');
  const shown = leftOut ? [] : checks.filter((check) => everyCheck || isOpen(check));
  return [
    `${mark(worst.status)} ${id.padEnd(10)} ${counts.padEnd(56)} ${chalk.dim(`${seconds} s`.padStart(9))}`,
    ...alike(shown).map(checksLine),
  ];
}

/** Checks one after the other of which the same is to be said. */
function alike(checks: readonly Shown[]): readonly (readonly Shown[])[] {
  const groups: Shown[][] = [];
  for (const check of checks) {
    const last = groups.at(-1);
    const same = last?.[0]?.status === check.status && last[0].detail === check.detail;
    if (same) last.push(check);
    else groups.push([check]);
  }
  return groups;
}

/** The first by its whole name, the others by what is theirs. */
function checksLine(checks: readonly Shown[]): string {
  const [first, ...others] = checks;
  if (first === undefined) return '';
  const { id, status, detail } = first;
  const seconds = checks.reduce((sum, check) => sum + check.seconds, 0);
  const names = [id, ...others.map((other) => other.id.slice(drillOf(other).length + 1))].join(', ');
  return `    ${mark(status)} ${wrap(names, 6)} ${chalk.dim(`${Number(seconds.toFixed(3))} s`)}\n      ${wrap(detail, 6)}`;
}

/** A line for each drill, and one for all that were left out. */
function remedies(checks: readonly Shown[]): readonly string[] {
  const drills = new Map<string, Set<string>>();
  for (const check of checks) {
    if (check.remedy === null) continue;
    drills.set(check.remedy, (drills.get(check.remedy) ?? new Set()).add(drillOf(check)));
  }
  if (drills.size === 0) return [];
  const rows = [...drills].map(([remedy, names]) => `  ${wrap(`${[...names].join(', ')}: ${remedy}`, 2)}`);
  return ['', heading('What to do'), ...rows];
}

/** The calls of a dry run, a row each. */
export function callsText(calls: readonly PlannedCall[]): string {
  const rows = calls.map(({ drill, service, operation, region, key, as, changes }) => [
    drill,
    `${service} ${operation}`,
    region ?? '',
    key ?? '',
    as === 'drill-role' ? 'drill role' : 'caller',
    changes ? 'changes' : 'reads',
  ]);
  return table(['drill', 'call', 'Region', 'key', 'as', 'does'], rows);
}

/** What a CI system shows beside the run: one line for each check that did not pass. */
export function annotations(answer: DrillAnswer): readonly string[] {
  if ('dryRun' in answer) return [];
  return answer.checks.filter(isOpen).map(({ id, status, detail, remedy }) => {
    const kind = status === 'fail' ? 'error' : 'warning';
    return `::${kind} title=${id}::${commandData(`${detail}. ${remedy ?? ''}`)}`;
  });
}

/** As GitHub's own toolkit writes it (packages/core, command.ts, escapeData): else %0A would begin a line of its own. */
function commandData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
