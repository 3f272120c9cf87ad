import { describe, expect, it } from 'vitest';
import type { DrillResult } from '../../../src/lib/cli/drill.js';
import { annotations, drillText } from '../../../src/lib/cli/drill-screen.js';
import { DRILL_IDS } from '../../../src/lib/drill/drills.js';

const check = (id: string, status: 'pass' | 'fail' | 'skip' | 'none', detail = `what ${id} found`) => ({
  id,
  key: null,
  status,
  seconds: 0.26,
  provesData: false,
  detail,
  remedy: status === 'fail' || status === 'skip' ? `mend ${id.split('.')[0]}` : null,
});

function answer(checks: DrillResult['checks'], unproven: readonly string[] = []): DrillResult {
  return {
    verdict: checks.every(({ status }) => status === 'pass') ? 'verified' : 'not-verified',
    quarter: '2026-q4',
    number: 1,
    rtoSeconds: 7.621,
    rpoSeconds: 113,
    failed: checks.filter(({ status }) => status === 'fail').map(({ id }) => id),
    unproven,
    checks,
    challenge: null,
    report: { path: 'drills/2026-q4-1.json', digest: `sha256:${'0'.repeat(64)}`, files: [] },
  };
}

const lines = (result: DrillResult, everyCheck = false) => drillText(result, everyCheck).split('\n');

describe('the screen of a drill', () => {
  it('has a line a drill, with counts and the time of all its checks', () => {
    const checks = DRILL_IDS.flatMap((id) => [check(`${id}.one`, 'pass'), check(`${id}.two`, 'pass')]);
    const shown = lines(answer(checks));
    for (const [at, id] of DRILL_IDS.entries()) expect(shown[at]).toMatch(new RegExp(`^✓ ${id} +2 passed +0\\.5 s$`));
    expect(shown[DRILL_IDS.length]).toBe('');
    expect(shown.at(-1)).toBe('verified');
    expect(Math.max(...shown.slice(0, DRILL_IDS.length).map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  it('its worst check marks a drill, and what did not pass stands below it', () => {
    const found = answer([
      check('people.runbook', 'fail', 'there is no runbook.md'),
      check('people.contacts', 'skip', 'no section people'),
      check('people.age', 'pass'),
      check('data.root', 'skip'),
      check('material.import', 'none'),
    ]);
    expect(lines(found).slice(0, 9)).toEqual([
      expect.stringMatching(/^✗ people {5}1 failed, 1 unproven, 1 passed +0\.8 s$/),
      '    ✗ people.runbook 0.26 s',
      '      there is no runbook.md',
      '    – people.contacts 0.26 s',
      '      no section people',
      expect.stringMatching(/^– data {7}1 unproven/),
      '    – data.root 0.26 s',
      '      what data.root found',
      expect.stringMatching(/^○ material {3}1 not of this plan/),
    ]);
  });

  it('what is to be said of several checks is said once', () => {
    const same = (id: string) => check(id, 'skip', 'no challenge is open');
    const found = answer([
      same('challenge.architect'),
      same('challenge.privacy'),
      check('challenge.deputy', 'fail', 'no challenge is open'),
      same('review.architect'),
    ]);
    expect(lines(found).slice(0, 7)).toEqual([
      expect.stringMatching(/^✗ challenge {2}1 failed, 2 unproven/),
      '    – challenge.architect, privacy 0.52 s',
      '      no challenge is open',
      '    ✗ challenge.deputy 0.26 s',
      '      no challenge is open',
      expect.stringMatching(/^– review/),
      '    – review.architect 0.26 s',
    ]);
  });

  it('a drill that was left out is a line', () => {
    const found = answer([check('backup.skipped', 'skip', 'it was not asked for'), check('data.root', 'pass')]);
    expect(lines(found, true).slice(0, 3)).toEqual([
      expect.stringMatching(/^– backup {5}left out: unproven +0\.3 s$/),
      expect.stringMatching(/^✓ data/),
      '    ✓ data.root 0.26 s',
    ]);
  });

  it('each check with --checks; keys without proven data in any case', () => {
    const shown = lines(answer([check('data.root', 'pass')], ['case-data: no data proven']), true);
    expect(shown).toContain('    ✓ data.root 0.26 s');
    expect(shown).toContain('– case-data: no data proven');
  });

  it('says what to do about each drill with an open check, and about no other one', () => {
    const text = drillText(answer([check('people.age', 'skip'), check('backup.age', 'pass')]), false);
    expect(text).toMatch(/What to do\n {2}people: mend people\n/);
    expect(text).not.toMatch(/^ {2}backup: /m);
  });

  it('annotates what did not pass', () => {
    const result = answer([check('a.x', 'pass'), check('b.y', 'fail'), check('c.z', 'skip'), check('d.w', 'none')]);
    expect(annotations(result)).toEqual([
      '::error title=b.y::what b.y found. mend b',
      '::warning title=c.z::what c.z found. mend c',
    ]);
    // What somebody else has named begins no line, and no command, of its own.
    const [evil] = annotations(answer([check('b.y', 'fail', 'alias/a%0A::stop-commands::x\n::debug::y')]));
    expect(evil).toBe('::error title=b.y::alias/a%250A::stop-commands::x%0A::debug::y. mend b');
  });
});
