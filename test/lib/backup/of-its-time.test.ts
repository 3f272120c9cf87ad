import { describe, expect, it } from 'vitest';
import { RulesOfItsTime } from '../../../src/lib/backup/of-its-time.js';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { planDigest } from '../../../src/lib/plan/format.js';
import { rosterDigest } from '../../../src/lib/roster/format.js';
import { createTeam } from '../../support/people.js';

const { plan: first, roster } = createTeam();
const second = { ...first, version: 2, previous: planDigest(first) };
const rules = { rosters: [roster], plans: [first, second] };
const said = (plan: typeof first) => ({ rosterDigest: rosterDigest(roster), planDigest: planDigest(plan) });

describe('the rules of the time of a backup', () => {
  it('are those that commits have brought, in the custody repository', () => {
    const time = new RulesOfItsTime(rules, true);
    for (const path of ['plan/1.json', 'roster/1.json', 'plan/x.json', 'backups/plan/9.json']) time.sees(path);
    expect(time.named(said(first))).toEqual({ roster, plan: first, faults: [] });
    expect(time.named(said(second)).faults).toEqual(['names plan 2; plan 1 was in force']);
    time.sees('plan/2.json');
    expect(time.named(said(second)).faults).toEqual([]);
    expect(time.named(said(first)).faults).toEqual(['names plan 1; plan 2 was in force']);
  });

  it('never go back, elsewhere', () => {
    const time = new RulesOfItsTime(rules, false);
    expect(time.named(said(first)).faults).toEqual([]);
    expect(time.named(said(second)).faults).toEqual([]);
    expect(time.named(said(first)).faults).toEqual(['names plan 1; plan 2 was in force']);
  });

  it('are none that were never in force', () => {
    const time = new RulesOfItsTime(rules, false);
    const unknown = { ...said(first), planDigest: digestOf('x'), rosterDigest: digestOf('y') };
    expect(time.named(unknown)).toEqual({
      roster: null,
      plan: null,
      faults: ['names a roster that was never in force', 'names a plan that was never in force'],
    });
  });
});
