import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { addSeconds } from '../../../src/lib/base/time.js';
import { plannedCalls } from '../../../src/lib/drill/calls.js';
import { canaryKeyOf } from '../../../src/lib/drill/canaries.js';
import { CONTROLS, citedControls } from '../../../src/lib/drill/controls.js';
import { DRILL_IDS, DRILLS, isDrillId, isOptional } from '../../../src/lib/drill/drills.js';
import { dueOf } from '../../../src/lib/drill/due.js';
import { evidencePath, nextPlace, parseEvidencePath, quarterOf } from '../../../src/lib/drill/quarter.js';
import { neededRegions } from '../../../src/lib/drill/quorum.js';
import { recoveryPoint, recoveryTime } from '../../../src/lib/drill/recovery.js';
import { runbookText } from '../../../src/lib/drill/runbook.js';
import { SCHEDULERS, scheduleText } from '../../../src/lib/drill/schedule.js';
import { leadDays } from '../../../src/lib/drill/schedule-parts.js';
import { scratchPolicy } from '../../../src/lib/drill/scratch.js';
import { selectedDrills } from '../../../src/lib/drill/selection.js';
import { type DrillCheck, judgeDrill } from '../../../src/lib/drill/verdict.js';
import { isTreePath } from '../../../src/lib/git/tree.js';
import { canaryUserOf, drillRoleArnOf } from '../../../src/lib/plan/canaries.js';
import { createTeam, NOON } from '../../support/people.js';

const DAY = 86_400;

function check(id: string, change: Partial<DrillCheck> = {}): DrillCheck {
  const drill = id.split('.')[0];
  if (!isDrillId(drill)) throw new CustodyError('BUG', id);
  return { id, drill, key: null, status: 'pass', provesData: false, millis: 1, detail: 'found', ...change };
}

const data = (key: string, change: Partial<DrillCheck> = {}) =>
  check(`data.${key}`, { key, provesData: true, ...change });

describe('judgeDrill', () => {
  /** A run whose every other drill has passed; `judgeDrill` is asked about each drill (T45). */
  const rest = (checks: readonly DrillCheck[]) =>
    DRILL_IDS.filter((id) => !checks.some(({ drill }) => drill === id)).map((id) => check(`${id}.rest`));
  const cases: readonly [
    string,
    readonly DrillCheck[],
    readonly string[],
    string,
    readonly string[],
    readonly string[],
  ][] = [
    ['data of each key came back', [data('a'), data('b')], ['a', 'b'], 'verified', [], []],
    ['nothing was checked (T45)', [], ['a'], 'not-verified', [], ['a: no data proven']],
    ['there are no keys', [check('backup.history')], [], 'not-verified', [], ['no key at all']],
    [
      'one key without data',
      [data('a'), check('data.b', { key: 'b' })],
      ['a', 'b'],
      'not-verified',
      [],
      ['b: no data proven'],
    ],
    ['a failure', [data('a'), check('ledger.chain', { status: 'fail' })], ['a'], 'not-verified', ['ledger.chain'], []],
    ['a skip', [data('a'), check('people.age', { status: 'skip' })], ['a'], 'not-verified', [], ['people.age']],
    [
      'data that failed proves none',
      [data('a', { status: 'fail' })],
      ['a'],
      'not-verified',
      ['data.a'],
      ['a: no data proven'],
    ],
    ['data of another key', [data('b')], ['a'], 'not-verified', [], ['a: no data proven']],
    [
      'what needs other people is told, and leaves the verdict to the rest',
      [data('a'), check('challenge.deputy', { status: 'skip' })],
      ['a'],
      'verified',
      [],
      ['challenge.deputy'],
    ],
    [
      'it fails like everything else',
      [data('a'), check('cold.cold', { status: 'fail' })],
      ['a'],
      'not-verified',
      ['cold.cold'],
      [],
    ],
    [
      'what is not applicable is no gap',
      [data('a'), check('rewrap.a', { key: 'a', status: 'none' })],
      ['a'],
      'verified',
      [],
      [],
    ],
    [
      'and proves nothing, whatever it says',
      [data('a', { status: 'none' })],
      ['a'],
      'not-verified',
      [],
      ['a: no data proven'],
    ],
    ['data of no key', [check('data.x', { provesData: true })], ['a'], 'not-verified', [], ['a: no data proven']],
  ];
  it.each(cases)('%s', (_, checks, keys, verdict, failed, unproven) => {
    expect(judgeDrill([...checks, ...rest(checks)], keys)).toEqual({ verdict, failed, unproven });
  });

  it.each(DRILL_IDS)('a run that says nothing at all of %s', (drill) => {
    const whole = [data('a'), ...rest([data('a')])];
    // Data of the key has been seen by another drill, too.
    const again = check('regions.a', { key: 'a', provesData: true });
    const checks = [...whole, again].filter((one) => one.drill !== drill);
    const verdict = DRILL_IDS.filter(isOptional).includes(drill) ? 'verified' : 'not-verified';
    expect(judgeDrill(checks, ['a'])).toEqual({
      verdict,
      failed: [],
      unproven: [`${drill}: nothing was looked at`],
    });
  });

  it('a run of no checks', () => {
    expect(judgeDrill([], ['a'])).toMatchObject({ verdict: 'not-verified', failed: [] });
    expect(judgeDrill([], ['a']).unproven).toContain('a: no data proven');
    expect(judgeDrill([], []).unproven).toContain('no key at all');
  });
});

describe('neededRegions', () => {
  const { roster } = createTeam();
  const kms = (region: string) => ({ type: 'kms', arn: `arn:aws:kms:${region}:111122223333:key/x` }) as const;
  const at = (...homes: (string | null)[]) => ({
    threshold: 2,
    custodians: roster.custodians.map((seat, index) => {
      const region = homes[index] ?? null;
      const home = region === null ? ({ type: 'local' } as const) : kms(region);
      return { ...seat, keys: seat.keys.map((key) => ({ ...key, home })) };
    }),
  });
  it.each<[string, ReturnType<typeof at>, readonly string[]]>([
    ['all keys in one Region', at('eu-central-1', 'eu-central-1', 'eu-central-1'), ['eu-central-1']],
    ['two of three in one', at('eu-central-1', 'eu-central-1', 'eu-west-1'), ['eu-central-1']],
    ['one in each', at('eu-central-1', 'eu-west-1', 'us-east-1'), []],
    ['one in a Region', at('eu-central-1', null, null), []],
    ['two in a Region, one local', at('eu-west-1', 'eu-west-1', null), ['eu-west-1']],
    ['all local', at(null, null, null), []],
  ])('%s', (_, given, needed) => {
    expect(neededRegions(given)).toEqual(needed);
  });
});

describe('selectedDrills', () => {
  it('takes all, some, or all but some, in the order of the table', () => {
    expect(selectedDrills({})).toEqual(DRILL_IDS);
    expect(selectedDrills({ only: ['data', 'backup'] })).toEqual(['backup', 'data']);
    expect(selectedDrills({ skip: ['data'] })).toEqual(DRILL_IDS.filter((id) => id !== 'data'));
  });

  it.each([
    [{ only: ['everything'] }],
    [{ skip: ['constructor'] }],
    [{ only: ['data'], skip: ['data'] }],
    [{ skip: DRILL_IDS }],
  ])('refuses %j', (selection) => {
    expect(() => selectedDrills(selection)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('each row of the table says what it proves, and only those with canaries prove data', () => {
    expect(DRILL_IDS.filter((id) => DRILLS[id].provesData)).toEqual(['regions', 'data', 'rewrap']);
    expect(new Set(DRILL_IDS.map((id) => DRILLS[id].mark)).size).toBe(DRILL_IDS.length);
  });
});

describe('recovery', () => {
  it('takes the longest way: what can be done at the same time does not add up', () => {
    const checks = [
      check('backup.history', { millis: 10 }),
      check('ledger.chain', { millis: 20 }),
      check('quorum.below', { millis: 5 }),
      check('regions.x', { millis: 500 }),
      check('policies.x', { millis: 7 }),
      check('data.a', { millis: 3 }),
      check('people.age', { millis: 9999 }),
    ];
    const { millis, steps } = recoveryTime(checks);
    expect(millis).toBe(503);
    expect(steps.filter(({ critical }) => critical).map(({ id }) => id)).toEqual(['regions', 'data']);
    const short = checks.map((one) => (one.drill === 'regions' ? { ...one, millis: 1 } : one));
    expect(recoveryTime(short).millis).toBe(45);
  });

  it('of nothing takes no time', () => {
    expect(recoveryTime([]).millis).toBe(0);
  });

  it.each([
    [null, null, null],
    [null, NOON, null],
    [NOON, null, 60],
    [NOON, addSeconds(NOON, -40), 100],
    [NOON, addSeconds(NOON, 30), 60],
    [addSeconds(NOON, 3600), null, 0],
  ])('loses what came after %s and %s', (backupAt, uncopied, seconds) => {
    expect(recoveryPoint(backupAt, uncopied, addSeconds(NOON, 60))).toBe(seconds);
  });
});

describe('quarters and places', () => {
  it.each([
    ['2026-01-01T00:00:00.000Z', '2026-q1'],
    ['2026-03-31T23:59:59.999Z', '2026-q1'],
    ['2026-04-01T00:00:00.000Z', '2026-q2'],
    ['2026-12-31T00:00:00.000Z', '2026-q4'],
  ])('%s lies in %s', (at, quarter) => {
    expect(quarterOf(at as never)).toBe(quarter);
  });

  it('a path and its place are inverses, and git takes it', () => {
    const place = { quarter: '2026-q4', number: 12 };
    expect(parseEvidencePath(evidencePath(place))).toEqual(place);
    expect(isTreePath(evidencePath(place))).toBe(true);
  });

  it.each([
    'drills/2026-q5-1.json',
    'drills/2026-q4-0.json',
    'drills/2026-q4-01.json',
    'drills/2026-q4-1.json.sh',
    'drills/x/2026-q4-1.json',
    'drills/2026-q4-12345.json',
  ])('%s is no place of evidence', (path) => {
    expect(parseEvidencePath(path)).toBeNull();
    expect(isTreePath(path)).toBe(false);
  });

  it('the next number is one more than the highest of its quarter', () => {
    const paths = ['drills/2026-q3-9.json', 'drills/2026-q4-2.json', 'drills/2026-q4-10.json', 'README.md'];
    expect(nextPlace(paths, '2026-q4').number).toBe(11);
    expect(nextPlace(paths, '2027-q1').number).toBe(1);
  });
});

describe('dueOf', () => {
  const told = (days: number, verdict: 'verified' | 'not-verified' = 'verified') => ({
    verdict,
    finishedAt: addSeconds(NOON, -days * DAY),
  });
  it.each([
    ['never', [], 'overdue', null],
    ['only one that was not verified', [told(1, 'not-verified')], 'overdue', null],
    ['just now', [told(0)], 'current', 92],
    ['15 days are left', [told(77)], 'current', 15],
    ['14 days are left', [told(78)], 'due', 14],
    ['the last day', [told(92)], 'due', 0],
    ['a day too late', [told(93)], 'overdue', -1],
    ['the newest counts', [told(93), told(10)], 'current', 82],
    ['wherever it stands', [told(10), told(93)], 'current', 82],
    ['one from the future holds nothing', [told(-1)], 'overdue', null],
  ] as const)('%s', (_, drills, state, daysLeft) => {
    expect(dueOf(drills, 92, NOON)).toMatchObject({ state, daysLeft });
  });
});

describe('citedControls', () => {
  const all = DRILL_IDS.map((id) => check(`${id}.x`));
  it('cites every clause of a run that passed whole', () => {
    expect(citedControls(all).map(({ clause }) => clause)).toEqual(CONTROLS.map(({ clause }) => clause));
  });

  it.each(['fail', 'skip'] as const)('cites no clause of a drill with a %s', (status) => {
    const checks = [...all, check('interlock.trail', { status })];
    const gone = CONTROLS.filter(({ drills }) => drills.includes('interlock')).map(({ clause }) => clause);
    const cited = citedControls(checks).map(({ clause }) => clause);
    expect(cited.filter((clause) => gone.includes(clause))).toEqual([]);
    expect(cited).toContain('A.8.13');
  });

  it('cites nothing of a run that checked nothing', () => {
    expect(citedControls([])).toEqual([]);
  });
});

describe('canaries', () => {
  const { plan, roster } = createTeam();

  it('each key of the template has the drill role, under a context of its own', () => {
    for (const name of Object.keys(plan.plan.keys)) {
      expect(canaryUserOf(plan.plan, name)?.encryptionContext).toEqual({ 'custody:canary': name });
      expect(canaryKeyOf(plan.plan, name).sealed).toBe(name === 'root');
    }
    expect(canaryUserOf(plan.plan, 'root')?.may).not.toContain('decrypt');
    expect(drillRoleArnOf(plan.plan)).toMatch(/:role\/custody-drill$/);
  });

  it('a dry run changes nothing but scratch keys and the repository', () => {
    const calls = plannedCalls(plan.plan, DRILL_IDS);
    const changes = calls.filter((call) => call.changes);
    expect(new Set(changes.map(({ key, service }) => `${service} ${key}`))).toEqual(
      new Set(['kms scratch', 'git null']),
    );
    expect(calls.filter(({ key }) => key === 'root').map(({ operation }) => operation)).not.toContain('Decrypt');
  });

  it('a scratch policy is the backed-up one and one statement more', () => {
    const statement = { Effect: 'Allow', Principal: '*', Action: 'kms:Sign', Resource: '*' };
    const made = JSON.parse(
      scratchPolicy({ Version: '2012-10-17', Statement: statement }, 'arn:aws:iam::1:role/d'),
    ) as {
      Statement: readonly { Sid?: string; Principal: unknown; Action: readonly string[] }[];
    };
    expect(made.Statement[0]).toEqual(statement);
    expect(made.Statement[1]).toMatchObject({ Sid: 'DrillScratchKey', Principal: { AWS: 'arn:aws:iam::1:role/d' } });
    expect(made.Statement).toHaveLength(2);
    expect(made.Statement[1]?.Action).not.toContain('kms:Decrypt');
  });

  it.each([null, 'text', [], {}])('refuses %j as a policy to try', (policy) => {
    expect(() => scratchPolicy(policy as never, 'arn:aws:iam::1:role/d')).toThrow(
      expect.objectContaining({ code: 'POLICY_MALFORMED' }),
    );
  });

  it('the runbook is the same for the same plan in another order, and another one for another plan', () => {
    const reversed = { ...plan.plan, keys: Object.fromEntries(Object.entries(plan.plan.keys).reverse()) };
    const text = runbookText(plan.plan, roster);
    expect(digestOf(Buffer.from(runbookText(reversed, roster)))).toBe(digestOf(Buffer.from(text)));
    expect(runbookText(plan.plan, { ...roster, threshold: 3 })).not.toBe(text);
    for (const { id } of roster.custodians) expect(text).toContain(`- ${id}: `);
  });
});

describe('scheduleText', () => {
  const facts = {
    automationRoleArn: 'arn:aws:iam::111122223333:role/ci',
    drillRoleArn: 'arn:aws:iam::111122223333:role/custody-drill',
    auditorRoleArn: 'arn:aws:iam::111122223333:role/custody-auditor',
    region: 'eu-central-1',
    repository: 'https://git.example.com/acme/custody.git',
    automation: 'ci',
    version: '1.2.3',
    approvalWindowSeconds: 7 * DAY,
  };

  it.each(SCHEDULERS)('%s: both jobs, the pinned tool, and no secret', (scheduler) => {
    const text = scheduleText(scheduler, facts);
    expect(text).toContain('custody dr verify --ci --pin pin.json --profile automation --drill-profile drill');
    expect(text).toContain('custody dr status --fail-when-due');
    expect(text).not.toMatch(/secrets\.|AWS_SECRET|AWS_ACCESS_KEY|PASSWORD/i);
    if (scheduler !== 'cron') {
      expect(text).toContain('web_identity_token_file');
      expect(text).toContain('custody@1.2.3');
    }
  });

  it.each([
    [7 * DAY, 6, '17 5 7 '],
    [30 * DAY, 6, '17 5 7 '],
    [3 * DAY, 2, '17 5 3 '],
    [2 * DAY, 1, '17 5 2 '],
    [2 * DAY - 1, 0, '17 5 2 '],
    [60, 0, '17 5 2 '],
  ])(
    'with an approval window of %i seconds asks %i days before: answers still count, a day late, too',
    (window, lead, at) => {
      expect(leadDays({ approvalWindowSeconds: window })).toBe(lead);
      for (const scheduler of SCHEDULERS) {
        const text = scheduleText(scheduler, { ...facts, approvalWindowSeconds: window });
        expect(text).toContain(`${at}1,4,7,10 *`);
        expect(text.includes('custody dr challenge --pin pin.json --profile automation')).toBe(lead > 0);
        expect(text.includes('17 5 1 1,4,7,10 *')).toBe(lead > 0 || scheduler === 'github');
      }
    },
  );

  it('GitHub: each action is named by a commit, nothing comes from a cache, and only what signs waits for another', () => {
    const text = scheduleText('github', facts);
    const uses = [...text.matchAll(/uses: (.+)/g)].map(([, action]) => action);
    expect(uses).toHaveLength(7);
    for (const action of uses) expect(action).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    const { jobs, concurrency } = parse(text) as {
      jobs: Record<string, Record<string, unknown>>;
      concurrency?: unknown;
    };
    expect(concurrency).toBeUndefined();
    expect(Object.keys(jobs)).toEqual(['challenge', 'drill', 'due']);
    const group = { group: 'drill', 'cancel-in-progress': false };
    expect(Object.values(jobs).map((job) => job.concurrency)).toEqual([group, group, undefined]);
    expect(text.match(/package-manager-cache: false/g)).toHaveLength(3);
  });

  it('enters no auditor where the plan has none', () => {
    expect(scheduleText('gitlab', { ...facts, auditorRoleArn: null })).not.toContain('auditor');
  });
});
