import { DRILLS } from './drills.js';
import type { DrillCheck } from './verdict.js';

/** A drill that was left out, as `run.ts` writes it down. */
export const LEFT_OUT = 'skipped';

/** Whether a check says only that its drill was left out. */
export function isLeftOut({ id, drill }: Pick<DrillCheck, 'id' | 'drill'>): boolean {
  return id === `${drill}.${LEFT_OUT}`;
}

export const RUN_ALL = 'Run it without --only and --skip.';

/** What to do about a check; null where it passed, or is about nothing that the plan has. */
export function remedyOf(check: Pick<DrillCheck, 'id' | 'drill' | 'status'>): string | null {
  if (check.status === 'pass' || check.status === 'none') return null;
  return isLeftOut(check) ? RUN_ALL : DRILLS[check.drill].remedy;
}
