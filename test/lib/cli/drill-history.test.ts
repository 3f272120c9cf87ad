import { describe, expect, it } from 'vitest';
import { type DrillStatus, statusExit, statusText } from '../../../src/lib/cli/drill-history.js';

const current: DrillStatus = {
  state: 'current',
  verifiedAt: '2026-03-01T09:00:00.000Z' as DrillStatus['verifiedAt'],
  dueAt: '2026-06-01T09:00:00.000Z' as DrillStatus['dueAt'],
  daysLeft: 60,
  periodDays: 92,
  last: null,
  fault: null,
};
const text = (status: DrillStatus) => statusText({ status }).replaceAll(/\u001b\[[0-9;]*m/g, '');

describe('dr status', () => {
  it.each<[string, Partial<DrillStatus>, boolean, number]>([
    ['is fine while the last drill is young enough', {}, false, 0],
    ['warns in the last days', { state: 'due', daysLeft: 3 }, false, 0],
    ['fails then where CI asks for it', { state: 'due', daysLeft: 3 }, true, 3],
    ['fails when a drill is overdue', { state: 'overdue', daysLeft: -1 }, false, 3],
    ['T45 fails for a line with forged evidence, however young the rest is', { fault: 'x is no evidence' }, false, 3],
  ])('%s', (_, change, failWhenDue, exit) => {
    expect(statusExit({ status: { ...current, ...change } }, failWhenDue)).toBe(exit);
  });

  it('says what is wrong with the line, and what to do', () => {
    expect(text({ ...current, fault: 'drills/2026-q4-2.json is no evidence' })).toContain(
      '✗ drills/2026-q4-2.json is no evidence',
    );
    expect(text({ ...current, state: 'overdue' })).toContain('Too long ago: custody dr verify');
    expect(text({ ...current, state: 'overdue', verifiedAt: null, dueAt: null })).toContain(
      'No drill was ever verified',
    );
  });
});
