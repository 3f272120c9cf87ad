import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import { executorFault } from '../quorum/intent.js';
import { needsMaterial } from '../record/action.js';
import type { Identity } from '../roster/roster.js';
import type { Case } from './case.js';
import { caseOf, casesOf, identityIn, lookUp } from './desk.js';
import type { Actor, Ports } from './ports.js';

/** A request that cannot be executed yet, or not by this identity, or not by this run. */
export interface Waiting {
  readonly case: Case;
  /** What it waits for, in one sentence. */
  readonly for: string;
  /** Until when, where a time decides. */
  readonly until: Instant | null;
}

/** What one run over everything that is ready came to; the same run again finds nothing of it left to do. */
export interface ReadyReport<T> {
  readonly done: readonly T[];
  readonly failed: readonly { readonly id: string; readonly error: CustodyError }[];
  readonly waiting: readonly Waiting[];
  /** Executed by another machine while this run was under way. */
  readonly elsewhere: readonly Case[];
}

/**
 * Runs every request that is ready, those first that an earlier run left unfinished; one that fails hinders no other, and
 * one that another machine took first is no failure.
 */
export async function runReady<T>(
  ports: Ports,
  actor: Actor,
  act: (id: string) => Promise<T>,
): Promise<ReadyReport<T>> {
  const state = await lookUp(ports, 'remote');
  const identity = identityIn(state, actor);
  const { cases } = await casesOf(ports, state);
  const report = { done: [] as T[], failed: [] as Failed[], waiting: [] as Waiting[], elsewhere: [] as Case[] };
  for (const found of inOrder(cases)) {
    const wait = waitingOf(found, identity);
    if (wait === null) await attempt(ports, found.id, act, report);
    else report.waiting.push(wait);
  }
  return report;
}

type Failed = ReadyReport<unknown>['failed'][number];

interface Growing<T> {
  readonly done: T[];
  readonly failed: Failed[];
  readonly waiting: Waiting[];
  readonly elsewhere: Case[];
}

async function attempt<T>(ports: Ports, id: string, act: (id: string) => Promise<T>, report: Growing<T>) {
  try {
    report.done.push(await act(id));
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    const raced = cause.code === 'CONFLICT' || cause.code === 'REQUEST_ENDED';
    const now = raced ? await caseOf(ports, await lookUp(ports, 'remote'), id) : null;
    if (now?.verdict.state === 'executed') report.elsewhere.push(now);
    else if (now?.verdict.state === 'executing') {
      report.waiting.push({
        case: now,
        for: now.verdict.because,
        until: null,
      });
    } else report.failed.push({ id, error: cause });
  }
}

const STEPS = ['executing', 'approved', 'cooling', 'pending'] as const;

/** Oldest first within each state, whatever their ids are. */
function inOrder(cases: readonly Case[]): readonly Case[] {
  const at = ({ request }: Case) => request.statement.predicate.at;
  const sorted = [...cases].sort((a, b) => (at(a) < at(b) ? -1 : 1));
  return STEPS.flatMap((step) => sorted.filter(({ verdict }) => verdict.state === step));
}

function waitingOf(found: Case, identity: Identity): Waiting | null {
  const { request, rules, verdict } = found;
  if (verdict.state === 'cooling') return { case: found, for: verdict.because, until: verdict.coolUntil };
  if (verdict.state === 'pending') {
    return { case: found, for: missingText(verdict), until: request.statement.predicate.approveBy };
  }
  if (needsMaterial(request.statement.predicate.action)) {
    const how = `custody keys execute ${found.id} --material-fd N`;
    return { case: found, for: `the machine that has its key material: ${how}`, until: verdict.executeBy };
  }
  const fault = executorFault(identity, request, verdict, rules);
  return fault === null ? null : { case: found, for: fault, until: verdict.executeBy };
}

/** What a pending request still needs, for people. */
export function missingText({ missing: { signatures, duties, newKeys }, approvals }: Case['verdict']): string {
  // The first signature brings a role in any case.
  const role = duties > (approvals.some(({ counted }) => counted) ? 0 : 1);
  const wanted = [
    ...(signatures > 0 ? [`${signatures} more ${signatures === 1 ? 'signature' : 'signatures'}`] : []),
    ...(role ? ['signatures of both roles'] : []),
    ...(newKeys > 0 ? ['the signature of each new key'] : []),
  ];
  return wanted.join(', ') || 'the quorum';
}
