import chalk from 'chalk';
import { EXIT, type ExitStatus } from '../base/errors.js';
import { type Due, dueOf, WARNING_DAYS } from '../drill/due.js';
import { type BadEvidence, drillsFault, readDrills } from '../drill/history.js';
import { type TrendPoint, trendOf } from '../drill/trend.js';
import type { InForce } from '../request/in-force.js';
import type { Kept } from '../status/kept.js';
import { keysVerifierOf } from './backup-place.js';
import type { Context } from './context.js';
import { mark, pairs, table, wrap } from './render.js';

export interface DrillStatus extends Due {
  readonly periodDays: number;
  readonly last: TrendPoint | null;
  /** Why the line of drills is not whole; null when it is. What is left of it may not be the newest. */
  readonly fault: string | null;
}

async function drillsOf(context: Context) {
  const state = await context.lookUp('remote-if-reachable');
  const read = await readDrills(state.view, keysVerifierOf(state), state);
  return { state, ...read, fault: await drillsFault(state.view, read) };
}

/** How long until the next drill must have been verified. */
export async function drillStatusFor(context: Context): Promise<{ readonly status: DrillStatus }> {
  const { state, drills, fault } = await drillsOf(context);
  const { ports } = await context.desk();
  const { drillPeriodDays } = state.plan.plan.recovery;
  const told = drills.map(({ said }) => said);
  const due = dueOf(told, drillPeriodDays, ports.clock.now());
  return { status: { ...due, periodDays: drillPeriodDays, last: trendOf(drills).at(-1) ?? null, fault } };
}

/** The last verified drill for the front page; one that was not verified counts for nothing. */
export async function drillKept(state: InForce): Promise<Kept | null> {
  const read = await readDrills(state.view, keysVerifierOf(state), state);
  const fault = await drillsFault(state.view, read);
  const verified = trendOf(read.drills).findLast(({ verdict }) => verdict === 'verified');
  const wrong = fault === null ? [] : [fault];
  if (verified === undefined) return fault === null ? null : { at: null, detail: fault, wrong };
  const { quarter, number, finishedAt } = verified;
  return { at: finishedAt, detail: `drill ${quarter}-${number}, verified ${finishedAt}`, wrong };
}

export function statusExit({ status }: { readonly status: DrillStatus }, failWhenDue: boolean): ExitStatus {
  const late = status.state === 'overdue' || (failWhenDue && status.state === 'due');
  return late || status.fault !== null ? EXIT.refused : EXIT.ok;
}

/** In 80 columns: how long is left, and what to do. */
export function statusText({ status }: { readonly status: DrillStatus }): string {
  const { state, verifiedAt, dueAt, daysLeft, periodDays, last, fault } = status;
  const word = { current: chalk.green('current'), due: chalk.yellow('due'), overdue: chalk.red('overdue') }[state];
  const next = {
    current: '',
    due: `Less than ${WARNING_DAYS} days are left: custody dr verify`,
    overdue: verifiedAt === null ? 'No drill was ever verified: custody dr verify' : 'Too long ago: custody dr verify',
  }[state];
  return [
    pairs([
      ['last verified', verifiedAt ?? 'never'],
      ['due', dueAt === null ? 'now' : `${dueAt} (${daysLeft} days)`],
      ['period', `${periodDays} days`],
      ['last drill', last === null ? 'none' : `${last.quarter}-${last.number}, ${last.verdict}, by ${last.by}`],
    ]),
    ...(next === '' ? [] : ['', next]),
    ...faultLines(fault),
    '',
    word,
  ].join('\n');
}

export interface DrillHistory {
  readonly drills: readonly TrendPoint[];
  readonly bad: readonly BadEvidence[];
  /** Why the line of drills is not whole; null when it is. */
  readonly fault: string | null;
}

export async function drillHistoryFor(context: Context): Promise<DrillHistory> {
  const { drills, bad, fault } = await drillsOf(context);
  return { drills: trendOf(drills), bad, fault };
}

export function historyExit({ fault }: DrillHistory): ExitStatus {
  return fault === null ? EXIT.ok : EXIT.refused;
}

/** A line a drill, with a bar for its recovery time. */
export function historyText({ drills, fault }: DrillHistory): string {
  const rows = drills.map(({ quarter, number, finishedAt, verdict, rtoSeconds, rpoSeconds }) => [
    `${quarter}-${number}`,
    finishedAt.slice(0, 10),
    verdict,
    `${rtoSeconds} s`,
    rpoSeconds === null ? 'unbounded' : `${rpoSeconds} s`,
    bar(rtoSeconds, drills),
  ]);
  const line = faultLines(fault);
  if (rows.length === 0) return ['There was no drill yet: custody dr verify', ...line].join('\n');
  return [table(['drill', 'day', 'verdict', 'RTO', 'RPO', ''], rows), ...line].join('\n');
}

function faultLines(fault: string | null): readonly string[] {
  return fault === null ? [] : ['', `${mark('fail')} ${wrap(fault, 2)}`];
}

const BAR_WIDTH = 20;

function bar(seconds: number, drills: readonly TrendPoint[]): string {
  const most = Math.max(...drills.map(({ rtoSeconds }) => rtoSeconds));
  return '▇'.repeat(most === 0 ? 0 : Math.max(1, Math.round((seconds / most) * BAR_WIDTH)));
}
