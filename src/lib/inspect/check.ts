/** What every command that checks answers. */

export interface Check {
  readonly id: string;
  readonly status: 'pass' | 'fail' | 'skip';
  readonly detail: string;
}

export type CheckVerdict = 'verified' | 'refused' | 'unproven';

export interface CheckReport {
  readonly verdict: CheckVerdict;
  readonly checks: readonly Check[];
}

/** Success is constructed: at least one check, and every one of them passed (T23). A skip is unproven. */
export function verdictOf(checks: readonly Check[]): CheckVerdict {
  if (checks.some(({ status }) => status === 'fail')) return 'refused';
  return checks.length > 0 && checks.every(({ status }) => status === 'pass') ? 'verified' : 'unproven';
}

export function check(id: string, passed: boolean, detail: string): Check {
  return { id, status: passed ? 'pass' : 'fail', detail };
}
