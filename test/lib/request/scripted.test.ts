import { expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { lookUp } from '../../../src/lib/request/desk.js';
import { execute } from '../../../src/lib/request/execute.js';
import { openRequest } from '../../../src/lib/request/open.js';
import { type ReadyReport, runReady } from '../../../src/lib/request/ready.js';
import { dueProposals, rotateProposal } from '../../../src/lib/request/rotate.js';
import { refused } from '../../support/fake-aws-access.js';
import { createFaulty, Killed } from '../../support/faulty.js';
import { createOffice, type Desk, type Office } from '../../support/office.js';
import { CASE_DATA_KEY, createTeam, NOON } from '../../support/people.js';

const team = createTeam();
const OTHER_KEY = '00000000-0000-0000-0000-00000000000b';
const HOW = { reason: 'nightly', executor: null };

/** Two keys that KMS rotates by itself, and whose last rotation is older than the plan allows. */
async function twoDueKeys(): Promise<Office> {
  const office = await createOffice(NOON, team);
  const { alias = '' } = team.plan.plan.keys['telemetry-short'] ?? {};
  office.aws.seed('telemetry-short', alias, team.roster.repository, OTHER_KEY);
  for (const keyId of [CASE_DATA_KEY, OTHER_KEY])
    Object.assign(office.aws.key(keyId), { enabled: true, periodDays: 365 });
  office.clock.advance(366 * 86_400);
  return office;
}

/** What `keys rotate --due` does. */
async function rotateDue({ ports, actor, aws }: Desk) {
  const state = await lookUp(ports, 'remote');
  const { proposals, skipped, unread } = await dueProposals({ ports, aws, state, plan: state.plan.plan }, HOW);
  const opened = [];
  for (const proposal of proposals) opened.push(await openRequest(ports, actor, aws, proposal));
  return { opened, skipped, unread };
}

/** What `keys execute --ready` does. */
const executeReady = ({ ports, actor, aws }: Desk) =>
  runReady(ports, actor, (id) => execute(ports, actor, aws, id, null, { takeUp: false }));

const requestsIn = (office: Office) =>
  new Set([...office.remote.files().keys()].flatMap((path) => /^records\/(r-[a-z2-7]{10})\//.exec(path)?.[1] ?? []));

it('T59 two machines run both commands at once, twice: exactly one rotation a key', async () => {
  const office = await twoDueKeys();
  const machines = () => [office.machine('ci'), office.machine('ci'), office.machine('architect')];
  const asked = await Promise.all(machines().map(rotateDue));
  expect(requestsIn(office).size).toBe(2);
  const created = asked.flatMap(({ opened }) => opened.filter((item) => item.created).map((item) => item.case.id));
  expect(created.sort()).toEqual([...requestsIn(office)].sort());
  for (const { opened, skipped, unread } of asked) {
    expect(new Set(opened.map((item) => item.case.id))).toEqual(requestsIn(office));
    expect(skipped.map(({ key, because }) => [key, because])).toContainEqual(['root', 'the key does not exist yet']);
    expect(unread).toEqual([]);
  }

  const early = await executeReady(office.machine('ci'));
  expect(early.done).toEqual([]);
  expect(early.waiting.map((item) => item.for)).toEqual(['2 more signatures', '2 more signatures']);
  for (const id of requestsIn(office)) for (const who of ['privacy', 'deputy'] as const) await office.approve(who, id);

  const ran: readonly ReadyReport<unknown>[] = await Promise.all(machines().map(executeReady));
  for (const { failed } of ran) expect(failed).toEqual([]);
  for (const keyId of [CASE_DATA_KEY, OTHER_KEY]) expect(office.aws.key(keyId).rotations).toHaveLength(1);
  expect(office.aws.done.map(({ operation }) => operation)).toEqual(['RotateKeyOnDemand', 'RotateKeyOnDemand']);

  // The next night finds nothing to do, and says so of every key.
  const again = await rotateDue(office.machine('ci'));
  expect(again.opened).toEqual([]);
  expect(again.skipped).toHaveLength(Object.keys(team.plan.plan.keys).length);
  const idle = await executeReady(office.machine('ci'));
  expect([idle.done, idle.failed, idle.waiting, idle.elsewhere]).toEqual([[], [], [], []]);
  expect(office.aws.done).toHaveLength(2);
}, 60_000);

it('what another machine began is left to it, until it cannot call any more', async () => {
  const office = await createOffice(NOON, team);
  const id = await office.approved();
  const cut = createFaulty(-1);
  const dying = office.machine('ci', {
    intercept: async (step, act) => {
      if (step === 'kms RotateKeyOnDemand') throw new Killed(step);
      return cut.intercept(step, act);
    },
  });
  await expect(execute(dying.ports, dying.actor, dying.aws, id)).rejects.toBeInstanceOf(Killed);
  const soon = await executeReady(office.machine('ci'));
  expect([soon.done, soon.failed, soon.waiting.map((item) => item.case.id)]).toEqual([[], [], [id]]);
  office.clock.advance(901 + 300);
  const later = await executeReady(office.machine('ci'));
  expect([later.done.length, later.failed, later.waiting]).toEqual([1, [], []]);
  expect(office.aws.done).toHaveLength(1);
});

it('another machine that opens the same between look and push: one request', async () => {
  const office = await createOffice(NOON, team);
  let theirs = '';
  office.remote.beforePush = async () => {
    office.remote.beforePush = null;
    theirs = (await office.open('privacy')).case.id;
  };
  const { case: found, created } = await office.open('architect');
  expect([found.id, created, requestsIn(office).size]).toEqual([theirs, false, 1]);
  // Something else between look and push is no reason not to open.
  office.remote.beforePush = async () => {
    office.remote.beforePush = null;
    await office.open('privacy', { action: 'key.disable' });
  };
  const other = await office.open('architect', { action: 'key.rotation', parameters: { periodDays: 180 } });
  expect([other.created, requestsIn(office).size]).toEqual([true, 3]);
});

it('a key that could not be read is not taken for one that is not due', async () => {
  const office = await twoDueKeys();
  const denied: Parameters<Office['machine']>[1] = {
    intercept: (step, act) => {
      if (step === 'kms tags') throw new CustodyError('DENIED', 'not for you');
      return act();
    },
  };
  const { opened, unread } = await rotateDue(office.machine('ci', denied));
  expect([opened, unread]).toEqual([[], ['case-data', 'telemetry-short']]);
});

it('the budget of rotations on demand: said before anybody signs, and AWS’s own no is passed on', async () => {
  const office = await createOffice(NOON, team);
  const { ports, aws } = office.desk('architect');
  const state = await lookUp(ports, 'remote');
  const place = { ports, aws, state, plan: state.plan.plan };
  const { rotations } = office.aws.key(CASE_DATA_KEY);
  for (let n = 0; n < 25; n++) rotations.push({ type: 'ON_DEMAND', at: NOON, keyMaterialId: null });
  await expect(rotateProposal(place, 'case-data', HOW)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  rotations.pop();
  await expect(rotateProposal(place, 'case-data', HOW)).resolves.toMatchObject({ action: 'key.rotate' });
  const id = await office.approved();
  office.aws.refuseNext = refused('LimitExceededException');
  await expect(office.execute('ci', id)).rejects.toMatchObject({
    code: 'REFUSED',
    details: { receipt: { outcome: 'failed', error: { code: 'LimitExceededException' } } },
    suggestions: [expect.stringContaining('automatic ones')],
  });
});

it('a veto is for custodians: automation does not spend it', async () => {
  const office = await createOffice(NOON, team);
  Object.assign(office.aws.key(CASE_DATA_KEY), { state: 'PendingDeletion' });
  const { case: veto } = await office.open('architect', { action: 'key.cancel-deletion' });
  await office.approve('architect', veto.id);
  const { done, failed, waiting } = await executeReady(office.machine('ci'));
  expect([done, failed, waiting.map((item) => item.for)]).toEqual([[], [], ['only custodians carry out a veto']]);
  await expect(office.execute('ci', veto.id)).rejects.toMatchObject({ code: 'REFUSED' });
  await office.execute('architect', veto.id);
  expect(office.aws.key(CASE_DATA_KEY).state).toBe('Disabled');
});
