import { CustodyError, type ErrorCode } from '../base/errors.js';
import type { DrillId } from './drills.js';
import { MAX_DETAIL } from './evidence.js';
import type { DrillCheck } from './verdict.js';

/** What a look at something gave. */
export interface Answer {
  readonly status: DrillCheck['status'];
  readonly detail: string;
  /** Data has come back. */
  readonly provesData?: boolean;
}

/** The drill as a whole stands on nothing: it could not be run. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  'BUG',
  'CREDENTIALS_MISSING',
  'ENDPOINT_REFUSED',
  'GUARD_BROKEN',
  'CLOCK_SKEW',
  'INTERRUPTED',
  'LOCKED',
]);
/** It could not be looked at; what it is like is not known. */
const OPEN: ReadonlySet<ErrorCode> = new Set([
  'DENIED',
  'UNAVAILABLE',
  'TIMEOUT',
  'THROTTLED',
  'REMOTE_UNREACHABLE',
  'STORAGE',
  'NOT_FOUND',
  'LIMIT_EXCEEDED',
]);

export const pass = (detail: string, provesData = false): Answer => ({ status: 'pass', detail, provesData });
export const fail = (detail: string): Answer => ({ status: 'fail', detail });
export const open = (detail: string): Answer => ({ status: 'skip', detail });
/** The plan has nothing that the question is about. */
export const none = (detail: string): Answer => ({ status: 'none', detail });
export const passIf = (good: boolean, ifGood: string, ifBad: string): Answer => (good ? pass(ifGood) : fail(ifBad));

/** Asks question after question of one drill, and writes down what was found and how long it took. */
export class Probe {
  readonly checks: DrillCheck[] = [];

  constructor(
    readonly drill: DrillId,
    private readonly stopwatch: () => number,
  ) {}

  /** @throws CustodyError only when the drill cannot be run at all */
  async ask(what: string, key: string | null, question: () => Promise<Answer> | Answer): Promise<Answer> {
    const started = this.stopwatch();
    const answer = await answerOf(question);
    const { status, detail, provesData = false } = answer;
    this.checks.push({
      id: `${this.drill}.${what}`.toLowerCase(),
      drill: this.drill,
      key,
      status,
      provesData: provesData && status === 'pass',
      millis: Math.max(0, Math.round(this.stopwatch() - started)),
      detail: cut(detail),
    });
    return answer;
  }
}

async function answerOf(question: () => Promise<Answer> | Answer): Promise<Answer> {
  try {
    return await question();
  } catch (cause) {
    if (!(cause instanceof CustodyError) || FATAL.has(cause.code)) throw cause;
    return OPEN.has(cause.code) ? open(cause.message) : fail(cause.message);
  }
}

/** For the evidence: one line, and never half a character. */
function cut(detail: string): string {
  const line = detail.replaceAll(/\s+/g, ' ').trim() || 'nothing was said';
  return line.length > MAX_DETAIL ? `${line.slice(0, MAX_DETAIL - 1).replace(/[\ud800-\udbff]$/, '')}…` : line;
}
