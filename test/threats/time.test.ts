import { describe, expect, it, test } from 'vitest';
import { addSeconds } from '../../src/lib/base/time.js';
import { judge } from '../../src/lib/quorum/judge.js';
import { open, seal } from '../../src/lib/record/envelope.js';
import { intentPath, receiptPath, recordPath, requestFolder } from '../../src/lib/record/paths.js';
import { assertClock } from '../../src/lib/request/aws-check.js';
import { execute } from '../../src/lib/request/execute.js';
import { reject, withdraw } from '../../src/lib/request/veto.js';
import { refused } from '../support/fake-aws.js';
import { createOffice, type Office } from '../support/office.js';
import {
  approval,
  CASE_DATA_KEY,
  createTeam,
  evidenceOf,
  intent,
  later,
  NOON,
  receipt,
  record,
  rejection,
  request,
  rulesOf,
  seeing,
  withdrawal,
} from '../support/people.js';

const DAY = 86_400;
const code = (expected: string) => expect.objectContaining({ code: expected });
const ended = (state: string) =>
  expect.objectContaining({ code: 'REQUEST_ENDED', details: expect.objectContaining({ state }) });
const team = createTeam();
const asked = await request(team);
const rules = rulesOf(team);
const two = async () => [await approval(team, asked, 'privacy'), await approval(team, asked, 'deputy')] as const;
const vetoBy = (office: Office, who: 'architect' | 'privacy' | 'deputy') => {
  const { ports, actor } = office.desk(who);
  return {
    reject: (id: string) => reject(ports, actor, id, 'no'),
    withdraw: (id: string) => withdraw(ports, actor, id, 'approval', 'no'),
  };
};

describe('T10 an executed approval is used again', () => {
  test('T10 a second run makes no second call, whoever runs it', async () => {
    const office = await createOffice();
    const id = await office.approved();
    await office.execute('architect', id);
    for (const who of ['architect', 'deputy', 'ci'] as const) {
      await expect(office.execute(who, id)).rejects.toEqual(ended('executed'));
    }
    expect(office.aws.done).toHaveLength(1);
  });

  test('T10 a failed call consumes it too', async () => {
    const office = await createOffice();
    const id = await office.approved();
    office.aws.refuseNext = refused('LimitExceededException');
    await expect(office.execute('architect', id)).rejects.toEqual(code('REFUSED'));
    await expect(office.execute('architect', id)).rejects.toEqual(ended('failed'));
    expect(office.aws.done).toEqual([]);
  });

  test('T10 intent and receipt of another request execute nothing', async () => {
    const office = await createOffice();
    const first = await office.approved();
    await office.execute('architect', first);
    const second = await office.approved();
    const files = new Map(office.remote.files());
    for (const path of [intentPath, receiptPath]) {
      files.set(path(second), files.get(path(first)) ?? new Uint8Array());
    }
    office.remote.force(files);
    await expect(office.execute('architect', second)).rejects.toEqual(ended('failed'));
    expect(office.aws.done).toHaveLength(1);
  });

  test('T10 the records of an executed request count nowhere else', async () => {
    const [one, other] = await two();
    const begun = await intent(team, asked, 'architect', [one, other]);
    const done = await receipt(team, asked, begun, 'architect');
    const again = await request(team);
    expect(judge(evidenceOf(again, one, other), rules, later(600)).state).toBe('pending');
    expect(judge(evidenceOf(again, one, other, begun, done), rules, later(600)).state).toBe('failed');
  });
});

describe('T11 a stale approval', () => {
  test('T11 the execution window is over', async () => {
    const office = await createOffice();
    const id = await office.approved();
    office.clock.advance(DAY + 1);
    await expect(office.execute('architect', id)).rejects.toEqual(ended('expired'));
    expect(office.aws.done).toEqual([]);
  });

  test('T11 the approval window is over', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    await office.approve('privacy', id);
    office.clock.advance(7 * DAY + 1);
    await expect(office.approve('deputy', id)).rejects.toEqual(ended('expired'));
  });

  test('T11 a late approval dated back by its signer opens the execution window no longer than its date says', async () => {
    const back = await approval(team, asked, 'deputy', { at: later(0) });
    const evidence = evidenceOf(asked, await approval(team, asked, 'privacy', { at: later(0) }), back);
    expect(judge(evidence, rules, later(7 * DAY)).state).toBe('expired');
  });
});

describe('T12 a clock is wrong', () => {
  it.each([-301, 301, 86_400])('T12 %s seconds from AWS: nothing is signed and nothing is called', async (skew) => {
    const office = await createOffice();
    const id = await office.approved();
    office.aws.skewSeconds = skew;
    await expect(office.execute('architect', id)).rejects.toEqual(code('CLOCK_SKEW'));
    await expect(office.approve('architect', id)).rejects.toEqual(code('CLOCK_SKEW'));
    await expect(office.open('architect', { action: 'key.rotation', parameters: { periodDays: 180 } })).rejects.toEqual(
      code('CLOCK_SKEW'),
    );
    expect(office.aws.done).toEqual([]);
  });

  test('T12 no time at all is no time to trust', () => {
    expect(() => assertClock(null, NOON)).toThrow(code('CLOCK_SKEW'));
    expect(() => assertClock(addSeconds(NOON, 300), NOON)).not.toThrow();
  });

  test('T12 an approval dated before its request or ahead of now does not count', async () => {
    for (const [seconds, because] of [
      [-301, 'before-the-request'],
      [901, 'from-the-future'],
    ] as const) {
      const odd = await approval(team, asked, 'deputy', { at: later(seconds) });
      const verdict = judge(evidenceOf(asked, await approval(team, asked, 'privacy'), odd), rules, later(600));
      expect(verdict.state).toBe('pending');
      expect(verdict.approvals.map(({ ignoredBecause }) => ignoredBecause)).toContain(because);
    }
  });

  test('T12 a request dated ahead, which would stay open for longer, is refused', async () => {
    const ahead = await request(team, 'architect', { at: later(2 * DAY) });
    expect(() => judge(evidenceOf(ahead), rules, later(600))).toThrow(code('REFUSED'));
  });
});

describe('T13 the state has changed since', () => {
  test('T13 between approval and execution', async () => {
    const office = await createOffice();
    const id = await office.approved();
    office.aws.key(CASE_DATA_KEY).state = 'Disabled';
    await expect(office.execute('architect', id)).rejects.toEqual(code('PRE_STATE_CHANGED'));
    expect(office.remote.files().has(intentPath(id))).toBe(false);
  });

  test('T13 while the intent was on its way', async () => {
    const office = await createOffice();
    const id = await office.approved();
    office.remote.beforePush = () => {
      office.aws.key(CASE_DATA_KEY).state = 'Disabled';
    };
    await expect(office.execute('architect', id)).rejects.toEqual(code('REFUSED'));
    expect(office.aws.done).toEqual([]);
    await expect(office.execute('architect', id)).rejects.toEqual(ended('failed'));
  });

  test('T13 before another one approves', async () => {
    const office = await createOffice();
    const { id } = (await office.open('architect')).case;
    office.aws.key(CASE_DATA_KEY).rotations.push({ type: 'ON_DEMAND', at: later(10), keyMaterialId: null });
    await expect(office.approve('privacy', id)).rejects.toEqual(code('PRE_STATE_CHANGED'));
  });
});

describe('T14 approval and rejection race', () => {
  test('T14 a rejection after the quorum still ends it, for good', async () => {
    const office = await createOffice();
    const id = await office.approved();
    await vetoBy(office, 'deputy').reject(id);
    await expect(office.execute('architect', id)).rejects.toEqual(ended('rejected'));
    await expect(office.approve('architect', id)).rejects.toEqual(ended('rejected'));
    expect(office.aws.done).toEqual([]);
  });

  test('T14 approvals that did not see the rejection do not outvote it', async () => {
    const [privacy, deputy] = await two();
    const no = await rejection(team, asked, 'architect', { at: later(-60) });
    expect(judge(evidenceOf(asked, seeing(no), seeing(privacy), seeing(deputy)), rules, later(600)).state).toBe(
      'rejected',
    );
  });

  test('T14 a rejection that lands while the intent is on its way wins', async () => {
    const office = await createOffice();
    const id = await office.approved();
    office.remote.beforePush = async () => {
      office.remote.beforePush = null;
      await vetoBy(office, 'deputy').reject(id);
    };
    await expect(office.execute('architect', id)).rejects.toEqual(code('CONFLICT'));
    expect(office.aws.done).toEqual([]);
    await expect(office.execute('architect', id)).rejects.toEqual(ended('rejected'));
  });
});

describe('T15 a withdrawn approval comes back', () => {
  test('T15 the same file again', async () => {
    const [privacy, deputy] = await two();
    const back = await withdrawal(team, asked, 'deputy', deputy);
    const verdict = judge(evidenceOf(asked, back, privacy, deputy), rules, later(600));
    expect(verdict.state).toBe('pending');
    expect(verdict.approvals.map(({ ignoredBecause }) => ignoredBecause).sort()).toEqual([null, 'withdrawn'].sort());
  });

  test('T15 the same statement under a fresh signature of the same key', async () => {
    const [privacy, deputy] = await two();
    const again = await record(team.signers.deputy, deputy.statement);
    expect(again.fileDigest).not.toBe(deputy.fileDigest);
    const back = await withdrawal(team, asked, 'deputy', deputy);
    expect(judge(evidenceOf(asked, privacy, deputy, back, again), rules, later(600)).state).toBe('pending');
  });

  test('T15 in the repository', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const approvals = [...office.remote.files()].filter(
      ([path, bytes]) => path.startsWith(requestFolder(id)) && open(bytes).statement.kind === 'approval',
    );
    await vetoBy(office, 'deputy').withdraw(id);
    const files = new Map([...office.remote.files(), ...approvals]);
    const [, bytes = new Uint8Array()] =
      approvals.find(([, file]) => open(file).statement.predicate.by === 'deputy') ?? [];
    const again = await seal(open(bytes).statement, office.team.signers.deputy);
    files.set(recordPath(requestFolder(id), open(again).fileDigest), again);
    office.remote.force(files);
    await expect(office.execute('architect', id)).rejects.toEqual(code('PENDING'));
    expect(office.aws.done).toEqual([]);
  });
});

describe('T16 a withdrawal is withheld from the executor', () => {
  test('T16 a machine that has seen it notices', async () => {
    const office = await createOffice();
    const id = await office.approved();
    const before = office.remote.head();
    await vetoBy(office, 'deputy').withdraw(id);
    await expect(office.execute('architect', id)).rejects.toEqual(code('PENDING'));
    office.remote.rewind(before);
    await expect(office.execute('architect', id)).rejects.toEqual(code('HISTORY_REWRITTEN'));
    const memory = office.desk('architect').ports.memory;
    const { ports, actor, aws } = office.machine('architect', { memory });
    await expect(execute(ports, actor, aws, id)).rejects.toEqual(code('ROLLBACK'));
    expect(office.aws.done).toEqual([]);
  });

  test('T16 a machine that has not wants a young heartbeat of somebody else', async () => {
    const office = await createOffice(
      NOON,
      createTeam({
        plan: (plan) => ({ ...plan, quorum: { ...plan.quorum, freshnessSeconds: 3600 } }),
      }),
    );
    const id = await office.approved();
    const before = office.remote.head();
    office.clock.advance(1800);
    await vetoBy(office, 'deputy').withdraw(id);
    office.remote.rewind(before);
    office.clock.advance(1801);
    const { ports, actor, aws } = office.machine('architect');
    await expect(execute(ports, actor, aws, id)).rejects.toEqual(code('STALE'));
    expect(office.aws.done).toEqual([]);
  });

  test('T16 an intent that leaves the withdrawal out spends the request', async () => {
    const [privacy, deputy] = await two();
    const back = await withdrawal(team, asked, 'deputy', deputy);
    const begun = await intent(team, asked, 'architect', [privacy, deputy]);
    const verdict = judge(evidenceOf(asked, privacy, deputy, back, begun), rules, later(600));
    expect(verdict).toMatchObject({ state: 'failed', intent: null });
  });
});
