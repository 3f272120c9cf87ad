import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../../src/lib/base/time.js';
import { reconcileText, sinceOf } from '../../../src/lib/cli/reconcile.js';
import { finding } from '../../../src/lib/inspect/reconcile/finding.js';

const NOW = parseInstant('2026-03-02T12:00:00.000Z');

describe('--since', () => {
  it.each([
    ['36h', '2026-03-01T00:00:00.000Z'],
    ['30d', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T09:00:00Z', '2026-01-31T09:00:00.000Z'],
    ['2026-01-31T09:00:00.500Z', '2026-01-31T09:00:00.500Z'],
  ])('%s is %s', (text, expected) => {
    expect(sinceOf(text, NOW)).toBe(expected);
  });

  it.each(['', 'yesterday', '30', '-3d', '2026-02-30', '2026-01-31T09:00:00+01:00', '2026-1-31'])(
    'is not %j',
    (text) => {
      expect(() => sinceOf(text, NOW)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});

describe('the text', () => {
  const one = finding('unapproved-change', {
    what: 'ScheduleKeyDeletion case-data',
    who: `admin in role/platform/administrators-of-everything-that-there-is through\u001b[2J nobody`,
    when: NOW,
    region: 'eu-central-1',
    eventId: '7f985333-98ce-466b-9610-81b44a79e107',
    request: null,
    because: 'no executed request stands for this call',
  });
  const check = { id: 'changes', status: 'fail' as const, detail: 'a long story '.repeat(12) };
  const attempt = {
    what: 'DisableKey a',
    who: 'b',
    when: NOW,
    region: 'eu-central-1',
    eventId: 'c',
    errorCode: 'AccessDenied',
  };
  const report = {
    verdict: 'refused' as const,
    checks: [check],
    coverage: [],
    findings: Array.from({ length: 25 }, () => one),
    denied: [attempt],
    counts: { events: 1, changes: 1, receipts: 0, slots: 0 },
  };

  it('fits 80 columns, counts what it leaves out and shows no control characters', () => {
    const text = stripVTControlCharacters(reconcileText(report));
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(text).toContain('and 5 more (--json lists them)');
    expect(text).not.toContain('\u001b');
    expect(text).toMatch(/✗ unapproved-change \(critical\): ScheduleKeyDeletion case-data in eu-central-1\n/);
    expect(text).toMatch(/AccessDenied\n\nrefused$/);
  });
});
