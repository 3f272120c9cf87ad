import { addSeconds, type Instant, secondsBetween } from '../base/time.js';
import type { DrillPredicate } from './evidence.js';

const DAY = 86_400;
/** How long before it is overdue a drill is announced. */
export const WARNING_DAYS = 14;

/** `due`: within the warning time; `overdue`: the last verified drill is older than the plan's period, or there is none. */
export type DueState = 'current' | 'due' | 'overdue';

export interface Due {
  readonly state: DueState;
  /** End of the last verified drill; null for none. */
  readonly verifiedAt: Instant | null;
  readonly dueAt: Instant | null;
  /** Negative when overdue; null without a verified drill. */
  readonly daysLeft: number | null;
}

type Told = Pick<DrillPredicate, 'verdict' | 'finishedAt'>;

/** One that is dated in the future does not count: it would hold for ever. */
export function dueOf(drills: readonly Told[], periodDays: number, now: Instant): Due {
  const ends = drills.flatMap(({ verdict, finishedAt }) =>
    verdict === 'verified' && finishedAt <= addSeconds(now, TOLERANCE_SECONDS) ? [finishedAt] : [],
  );
  const verifiedAt = ends.sort().at(-1) ?? null;
  if (verifiedAt === null) return { state: 'overdue', verifiedAt, dueAt: null, daysLeft: null };
  const dueAt = addSeconds(verifiedAt, periodDays * DAY);
  const left = secondsBetween(now, dueAt);
  const state = left < 0 ? 'overdue' : left <= WARNING_DAYS * DAY ? 'due' : 'current';
  return { state, verifiedAt, dueAt, daysLeft: Math.floor(left / DAY) };
}

const TOLERANCE_SECONDS = 300;
