import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAccountReader } from '../../../src/lib/aws/iam-account.js';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import { createSlotKeeper } from '../../../src/lib/aws/role-slots.js';
import { createTrailReader } from '../../../src/lib/aws/trail-reader.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { secondsBetween } from '../../../src/lib/base/time.js';
import { statusScreen } from '../../../src/lib/cli/status-screen.js';
import type { Plan } from '../../../src/lib/plan/plan.js';
import { policyProposal } from '../../../src/lib/request/access.js';
import { lookUp } from '../../../src/lib/request/desk.js';
import { beat } from '../../../src/lib/request/heartbeat.js';
import type { Proposal } from '../../../src/lib/request/open.js';
import { identitiesOf } from '../../../src/lib/roster/rules.js';
import { gatherStatus, type StatusLine, type StatusSources } from '../../../src/lib/status/gather.js';
import { judgeStatus } from '../../../src/lib/status/judge.js';
import { NOTHING_ABOVE } from '../../../src/lib/status/keys.js';
import type { StatusReport } from '../../../src/lib/status/report.js';
import { createTeam, PRIMARY, type Who } from '../../support/people.js';
import { createKey, createSandboxOffice, type SandboxOffice } from '../../support/sandbox-office.js';

/** The front page over an account that the sandbox models, stage by stage of one story; each test reads a stage. */

const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
const EXECUTOR = role('custody-executor');
const KEY = 'case-data';
const denied = async (): Promise<never> => {
  throw new CustodyError('DENIED', 'not with these credentials');
};

let office: SandboxOffice & { close(): void };
let id: string;
const stage: Record<string, StatusReport> = {};
const page = (name: string): StatusReport => {
  const found = stage[name];
  if (!found) throw new Error(`there was no stage ${name}`);
  return found;
};

beforeAll(async () => {
  const interlock = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
  const team = createTeam({
    environment: 'sandbox',
    plan: (plan) => ({ ...plan, interlock, keys: onlyOne(plan) }),
    roster: (roster) => ({ ...roster, automation: [] }),
  });
  office = await createSandboxOffice({ team });
  const key = await createKey(office, KEY);
  stage.made = await look('architect');
  const { aws, ports } = office.desk('architect');
  const state = await lookUp(ports, 'local');
  const how = { reason: 'a story', executor: 'deputy' };
  const place = { aws, ports, state, plan: state.plan.plan };
  const interlocked = await office.approved(await policyProposal(place, { key: KEY, region: null }, null, how));
  stage.asked = await look('architect');
  await office.execute('deputy', interlocked);
  office.clock.advance(3600);
  stage.clean = await look('architect');
  const alias = team.plan.plan.keys[KEY]?.alias ?? '';
  const rotation: Partial<Proposal> = { key: { name: KEY, alias, ...key }, parameters: {}, executor: 'deputy' };
  id = (await office.open('architect', rotation)).case.id;
  for (const who of ['architect', 'privacy', 'deputy', 'ci'] as const) stage[`pending ${who}`] = await look(who);
  await office.approve('privacy', id);
  stage['half, privacy'] = await look('privacy');
  await office.approve('architect', id);
  stage['approved, architect'] = await look('architect');
  stage['approved, deputy'] = await look('deputy');
  await office.aws
    .line('privacy')
    .iam()
    .read('UntagRole', (sdk, client) =>
      client.send(new sdk.UntagRoleCommand({ RoleName: 'custody-executor', TagKeys: [`custody:privacy:${KEY}`] })),
    );
  stage['unarmed, privacy'] = await look('privacy');
  stage['unarmed, deputy'] = await look('deputy');
  const slots = createSlotKeeper(office.aws.line('privacy'));
  await slots.set(EXECUTOR, `custody:privacy:${KEY}`, `disable/${PRIMARY}/${key.keyId}/${'0'.repeat(64)}/deputy`);
  stage.stale = await look('privacy');
  stage.offline = await look('privacy', { line: null });
  stage['no trail'] = await look('privacy', { trail: false });
  stage['trail denied'] = await look('privacy', {}, { trail: { events: denied } });
  stage['slots denied'] = await look('privacy', {}, { slots: { list: denied } });
  stage['account denied'] = await look('privacy', {}, { account: { identities: denied, role: denied } });
  stage.away = await look('privacy', { line: async () => denied() });
  // Past the tool: the administrator of the account opens the executor to everyone of it.
  await office.aws
    .line('admin')
    .iam()
    .read('UpdateAssumeRolePolicy', (sdk, client) =>
      client.send(
        new sdk.UpdateAssumeRolePolicyCommand({
          RoleName: 'custody-executor',
          PolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: {
              Effect: 'Allow',
              Principal: { AWS: 'arn:aws:iam::000000000000:root' },
              Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
            },
          }),
        }),
      ),
    );
  stage['open executor'] = await look('architect');
  office.clock.advance(3600);
  stage['an hour later'] = await look('architect');
  office.clock.advance(101 * 86_400);
  stage.later = await look('architect');
  await beat(office.desk('deputy').ports, office.desk('deputy').actor);
  stage['one alive'] = await look('architect');
  await beat(office.desk('architect').ports, office.desk('architect').actor);
  stage['two alive'] = await look('architect');
}, 120_000);
afterAll(() => office.close());

function onlyOne({ keys }: Plan): Plan['keys'] {
  const key = keys[KEY];
  if (!key) throw new Error(`the plan has no ${KEY}`);
  return { [KEY]: { ...key, parent: null } };
}

/** What the command does, with the credentials of a seat. */
async function look(
  who: Who,
  more: Partial<StatusSources> = {},
  change: Partial<StatusLine> = {},
): Promise<StatusReport> {
  const { ports } = office.desk(who);
  const connection = office.aws.line(who === 'ci' ? 'executor' : who);
  const { whoAmI } = office.desk(who === 'ci' ? 'architect' : who).aws;
  const line: StatusLine = {
    reader: createKeyReader(connection),
    slots: createSlotKeeper(connection),
    account: createAccountReader(connection),
    trail: createTrailReader(connection),
    whoAmI,
    host: '127.0.0.1',
    ...change,
  };
  const evidence = await gatherStatus({
    ports,
    lookUp: (reach) => lookUp(ports, reach),
    line: async () => line,
    trail: true,
    above: NOTHING_ABOVE,
    backup: async () => null,
    drill: async () => null,
    challenge: async () => null,
    draft: async () => 0,
    who: (roster) => [...identitiesOf(roster).values()].find((identity) => identity.id === who) ?? null,
    ...more,
  });
  return judgeStatus(evidence, ports.clock.now());
}

const texts = ({ findings }: StatusReport, section: string) =>
  findings.filter((one) => one.section === section).map(({ severity, text }) => `${severity} ${text}`);
const checkOf = ({ checks }: StatusReport, wanted: string) => checks.find((check) => check.id === wanted);

describe('keys', () => {
  it('have state, due date and enforcement, and nothing is wrong with them', () => {
    expect(page('clean').keys).toEqual([
      {
        name: KEY,
        alias: office.team.plan.plan.keys[KEY]?.alias,
        state: 'Enabled',
        nextRotationAt: expect.stringMatching(/^\d{4}-/),
        dueBy: 'aws',
        rotationDue: false,
        enforcement: { level: 'enforced', because: expect.stringContaining('executor-trust') },
      },
    ]);
    expect(checkOf(page('clean'), 'keys')).toEqual({
      id: 'keys',
      status: 'pass',
      detail: '1 key as planned, 1 enforced by KMS',
    });
  });

  it('are advisory until their policy asks for slots, which is an error that keys apply mends', () => {
    const { keys, needs, verdict } = page('made');
    expect(keys[0]?.enforcement).toEqual({
      level: 'advisory',
      because: expect.stringContaining('asks for no approval slots'),
    });
    expect(needs[0]).toMatchObject({ kind: 'finding', command: 'custody keys apply' });
    expect(verdict).toBe('refused');
  });

  it('are not to be asked for again where a request is open for the same', () => {
    const { findings, needs, requests } = page('asked');
    const asked = `(asked for: ${requests[0]?.id})`;
    expect(findings).toContainEqual(expect.objectContaining({ command: null, text: expect.stringContaining(asked) }));
    expect(needs.map(({ command }) => command)).not.toContain('custody keys apply');
  });

  it('are advisory with a role that anyone of the account may enter, and say who', () => {
    expect(page('open executor').keys[0]?.enforcement).toEqual({
      level: 'advisory',
      because: expect.stringMatching(/^executor-trust: .*can sts:AssumeRole/),
    });
    expect(texts(page('open executor'), 'keys').join()).toContain('warning advisory: executor-trust');
    expect(page('open executor').needs).toContainEqual(expect.objectContaining({ command: 'custody policy prove' }));
  });

  it('are not told of without AWS, but for what receipts say', () => {
    const { keys, verdict, checks } = page('offline');
    expect(keys).toEqual([
      expect.objectContaining({ state: null, enforcement: null, dueBy: 'records', rotationDue: false }),
    ]);
    expect(verdict).not.toBe('verified');
    const skipped = checks.filter(({ status }) => status === 'skip').map((check) => check.id);
    expect(skipped).toEqual(['repository', 'keys', 'slots', 'reconciliation']);
  });
});

describe('requests', () => {
  it('say who has signed, what is missing, until when, and what each person can do', () => {
    const command = `custody keys approve ${id}`;
    expect(page('pending privacy').requests).toEqual([
      {
        id,
        action: 'key.rotate',
        key: KEY,
        region: PRIMARY,
        state: 'pending',
        requester: 'architect',
        threshold: 2,
        signed: [],
        armed: [],
        waitsFor: expect.stringContaining('2 more signatures'),
        until: expect.any(String),
        mine: { kind: 'approve', command },
      },
    ]);
    expect(page('pending privacy').needs.map((need) => need.command)).toContain(command);
    // The requester signs, too, where the plan lets him; automation never does.
    expect(page('pending architect').requests[0]?.mine).toEqual({ kind: 'approve', command });
    expect(page('pending ci').identity).toBeNull();
    expect(page('pending ci').requests[0]?.mine).toBeNull();
    expect(page('half, privacy').requests[0]).toMatchObject({ signed: ['privacy'], armed: ['privacy'], mine: null });
  });

  it('are executed by the one who is named, and by nobody else', () => {
    expect(page('approved, deputy').requests[0]).toMatchObject({
      state: 'approved',
      waitsFor: 'deputy, to execute it',
      mine: { kind: 'execute', command: `custody keys execute ${id}` },
    });
    expect(page('approved, architect').requests[0]?.mine).toBeNull();
  });

  it('wait for a slot that is not set, and its seat is told', () => {
    expect(page('unarmed, privacy').requests[0]).toMatchObject({
      armed: ['architect'],
      waitsFor: 'the slot of privacy',
      mine: { kind: 'arm', command: `custody keys arm ${id}` },
    });
    expect(page('unarmed, deputy').requests[0]?.mine).toBeNull();
  });
});

describe('approval slots', () => {
  it('T55 that stand for no request are errors, on their key, with the way to take one’s own away', () => {
    expect(checkOf(page('clean'), 'slots')?.status).toBe('pass');
    expect(texts(page('stale'), 'slots')).toEqual([
      `error custody:privacy:${KEY} on custody-executor: no request has its digest. The next execution clears it`,
    ]);
    expect(page('stale').needs[0]?.command).toBe(
      `aws iam untag-role --role-name custody-executor --tag-keys custody:privacy:${KEY}`,
    );
    expect(page('stale').verdict).toBe('refused');
  });

  it('are unproven where they may not be read', () => {
    expect(checkOf(page('slots denied'), 'slots')).toMatchObject({
      status: 'skip',
      detail: expect.stringContaining('not readable'),
    });
    expect(page('slots denied').requests[0]?.armed).toBeNull();
  });
});

describe('what CloudTrail says', () => {
  it('is compared with the records, and nothing is unexplained', () => {
    expect(checkOf(page('clean'), 'reconciliation')?.status).toBe('pass');
    expect(page('clean').reconciliation).toMatchObject({ findings: [] });
  });

  it('shows a change that no request stands for', () => {
    expect(texts(page('an hour later'), 'reconciliation').join()).toContain('error slot-without-approval');
    expect(checkOf(page('an hour later'), 'reconciliation')?.status).toBe('fail');
  });

  it('T66 says from when on, where the history does not go back to the founding', () => {
    const { reconciliation, at } = page('later');
    expect(Math.round(secondsBetween(reconciliation?.since ?? at, at) / 86_400)).toBe(90);
  });

  it.each(['no trail', 'trail denied', 'offline', 'away'])('T66 is unproven, never clean: %s', (name) => {
    expect(checkOf(page(name), 'reconciliation')?.status).toBe('skip');
    expect(page(name).reconciliation).toBeNull();
    expect(page(name).verdict).not.toBe('verified');
  });
});

describe('the roster', () => {
  it('shows when each seat last signed something', () => {
    expect(page('clean').roster.seats.map((seat) => [seat.id, seat.stale, seat.ageDays])).toEqual([
      ['architect', false, 0],
      ['privacy', false, 0],
      ['deputy', false, 0],
    ]);
    expect(texts(page('clean'), 'roster')).toEqual([]);
  });

  it('T28 warns after 100 days, and says what would be left', () => {
    const all = texts(page('later'), 'roster');
    expect(all[0]).toBe('error 3 of 3 seats would be lost: the 0 that are left are fewer than the 2 that must sign');
    expect(all.slice(1)).toEqual(
      ['architect', 'privacy', 'deputy'].map(
        (who) => `warning ${who} has not shown for 101 days that it still has its key`,
      ),
    );
    expect(page('later').needs.map((need) => need.command)).toContain('custody heartbeat');
    expect(texts(page('one alive'), 'roster')[0]).toMatch(/^error 2 of 3 seats would be lost: the 1 that are left/);
    expect(page('one alive').roster.seats.find((seat) => seat.id === 'deputy')).toMatchObject({
      by: 'heartbeat',
      stale: false,
    });
    expect(texts(page('two alive'), 'roster')).toEqual([
      'warning 1 of 3 seats would be lost: with one more there is no quorum',
      'warning privacy has not shown for 101 days that it still has its key',
    ]);
  });
});

describe('the rest', () => {
  it('is not lost with one part of it', () => {
    for (const name of ['account denied', 'away', 'trail denied', 'offline']) {
      expect(page(name).ledger.head?.size, name).toBeGreaterThan(0);
      expect(page(name).requests, name).toHaveLength(1);
    }
    expect(page('account denied').keys[0]?.enforcement).toEqual({
      level: 'enforced',
      because: expect.stringContaining('roles not read'),
    });
  });

  it('says that there is no backup and no drill', () => {
    expect(texts(page('clean'), 'backup')).toEqual([
      expect.stringContaining('no backup that counts is under backups/'),
    ]);
    expect(texts(page('clean'), 'drill')).toEqual([expect.stringContaining('no drill that counts is under drills/')]);
    expect(page('clean').kept).toEqual([
      { id: 'backup', at: null, found: false },
      { id: 'drill', at: null, found: false },
    ]);
  });

  it('stays within 80 columns, and names what needs one first', () => {
    for (const [name, report] of Object.entries(stage)) {
      const lines = statusScreen(report).split('\n');
      const long = lines.filter((line) => line.length > 80 && line.trim().includes(' '));
      expect(long, name).toEqual([]);
      expect(lines.indexOf('What needs you now'), name).toBeLessThan(10);
    }
    expect(statusScreen(page('pending privacy'))).toContain(`custody keys approve ${id}`);
  });
});
