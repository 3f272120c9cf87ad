import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/lib/base/bytes.js';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { slotStepsOf } from '../../src/lib/policy/slot-steps.js';
import { demandOf } from '../../src/lib/quorum/count.js';
import type { Evidence } from '../../src/lib/quorum/evidence.js';
import { judge } from '../../src/lib/quorum/judge.js';
import { callsOf, isVeto } from '../../src/lib/record/action.js';
import { ACTION_NAMES, type ActionName } from '../../src/lib/record/action-names.js';
import { neededSlot, neededSlots, slotOfCall } from '../../src/lib/request/slots.js';
import {
  approval,
  caseDataKey,
  createTeam,
  evidenceOf,
  intent,
  later,
  receipt,
  rejection,
  request,
  rulesOf,
  seeing,
  withdrawal,
} from '../support/people.js';

/** T10 to T16 for each action: no row of the table may change what time, order and replay mean. */

const DAY = 86_400;
const team = createTeam();
/** What an exercise is for, and nothing else. */
const scratchKey = { ...caseDataKey(team), name: 'drill-cycle', alias: 'none' };
const keyOf = (action: KeyAction) => (action === 'drill.cycle' ? scratchKey : caseDataKey(team));
const code = (expected: string) => expect.objectContaining({ code: expected });
const role = (name: string) => `arn:aws:iam::${team.plan.plan.account}:role/${name}`;
const made = {
  description: '',
  origin: 'AWS_KMS',
  multiRegion: false,
  policy: '{}',
  tags: [],
  rotationPeriodDays: 365,
  replicas: [],
};
const material = { commitment: digestOf('material'), wrapping: 'RSAES_OAEP_SHA_256', expiresAt: null };

type KeyAction = Exclude<ActionName, 'plan.update' | 'roster.update'>;

const PARAMETERS: Readonly<Record<KeyAction, JsonObject>> = {
  'key.create': made,
  'key.succeed': made,
  'key.rotate': {},
  'key.rotation': { periodDays: 180 },
  'key.rotation-off': {},
  'key.enable': {},
  'key.disable': {},
  'key.delete': { windowDays: 30 },
  'key.cancel-deletion': {},
  'key.confirm-destroyed': { deletion: digestOf('a request') },
  'key.policy': { policy: '{}' },
  'key.alias-create': { alias: 'alias/cmk/second' },
  'key.alias-move': { alias: 'alias/cmk/second', to: caseDataKey(team).arn },
  'key.alias-delete': { alias: 'alias/cmk/second' },
  'key.tag': { tags: [{ TagKey: 'a', TagValue: 'b' }] },
  'key.untag': { tagKeys: ['a'] },
  'key.describe': { description: 'other words' },
  'key.grant': { grantee: role('app'), operations: ['Decrypt'], constraint: null, retiring: null },
  'key.revoke': { grantId: 'a'.repeat(64) },
  'key.retire': { grantId: 'a'.repeat(64) },
  'key.replicate': { to: 'eu-west-1', description: '', policy: '{}', tags: [] },
  'key.promote': { to: 'eu-west-1', home: 'eu-central-1' },
  'key.import': { ...material, materialId: null },
  'key.material-off': { materialId: 'a'.repeat(64) },
  'key.rotate-imported': { ...material, replicas: [] },
  'drill.cycle': {},
};

/** Slot classes of the steps of each action; a step that is in another Region than the request's says so. */
const SLOT_STEPS: Readonly<Record<KeyAction, readonly string[]>> = {
  'key.create': [],
  'key.succeed': [],
  'key.rotate': ['rotate'],
  'key.rotation': ['rotation'],
  'key.rotation-off': ['rotation-off'],
  'key.enable': ['enable'],
  'key.disable': ['disable'],
  'key.delete': ['delete'],
  'key.cancel-deletion': [],
  'key.confirm-destroyed': [],
  'key.policy': ['policy'],
  'key.alias-create': ['alias-create'],
  'key.alias-move': ['alias-move'],
  'key.alias-delete': ['alias-delete'],
  'key.tag': ['tag'],
  'key.untag': ['untag'],
  'key.describe': ['describe'],
  'key.grant': ['grant'],
  'key.revoke': ['revoke'],
  'key.retire': ['retire'],
  'key.replicate': ['replicate', 'alias-create eu-west-1'],
  'key.promote': ['promote eu-west-1'],
  'key.import': ['import'],
  'key.material-off': ['material-off'],
  'key.rotate-imported': ['import', 'rotate'],
  'drill.cycle': ['rotation'],
};

/** A slot holds one value: several calls are several approvals, each for its own class and Region. */
it('T49 T54 a request of several steps has a slot for each, and none that lets two of its calls through', async () => {
  const change = {
    action: 'key.rotate-imported',
    parameters: { ...PARAMETERS['key.rotate-imported'], replicas: ['eu-west-1'] },
    executor: 'ci',
  } as const;
  const asked = await request(team, 'architect', { ...change, key: caseDataKey(team) });
  const said = asked.statement.predicate;
  const interlock = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
  const steps = neededSlots({ interlock }, said, asked.digest);
  const rest = `${caseDataKey(team).keyId}/${asked.digest.slice(7)}/ci`;
  expect(steps.map(({ value }) => value)).toEqual([
    `import/eu-central-1/${rest}`,
    `import/eu-west-1/${rest}`,
    `rotate/eu-central-1/${rest}`,
  ]);
  expect(neededSlot({ interlock }, said, asked.digest)).toEqual(steps[0]);
  expect(neededSlots({}, said, asked.digest)).toEqual([]);
  // Each call belongs to exactly one of them.
  const belongs = said.calls.map((call) =>
    steps.findIndex((one) => one === slotOfCall(steps, call, said.key?.keyId ?? '')),
  );
  expect(belongs).toEqual([0, 0, 1, 1, 2]);
});

it('T49 calls of several kinds under a name that has one step are refused', async () => {
  const asked = await request(team, 'architect', { action: 'key.rotate', key: caseDataKey(team), executor: 'ci' });
  const said = asked.statement.predicate;
  const interlock = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
  const [call] = said.calls;
  if (!call) throw new Error('a rotation has a call');
  const more = { ...said, calls: [call, { ...call, operation: 'DisableKey' }] };
  expect(() => neededSlots({ interlock }, more, asked.digest)).toThrow(code('REFUSED'));
});

const ACTIONS = ACTION_NAMES.filter((name): name is KeyAction => !['plan.update', 'roster.update'].includes(name));

describe.each(ACTIONS)('%s', (action) => {
  const ask = () => {
    const key = action === 'key.create' ? { ...caseDataKey(team), arn: null, keyId: null } : keyOf(action);
    return request(team, 'architect', { action, key, parameters: PARAMETERS[action] });
  };
  it('T49 needs the approval slots of each of its calls, a class a step', () => {
    const key = keyOf(action);
    const subject = { repository: '0123456789abcdef', region: 'eu-central-1', key, nonce: 'ab'.repeat(16) };
    const steps = slotStepsOf(callsOf(action, subject, PARAMETERS[action]), action === 'key.create' ? null : key.keyId);
    const said = steps.map((places) =>
      places.map((place) => [place.class, ...(place.region === 'eu-central-1' ? [] : [place.region])].join(' ')).join(),
    );
    expect(said).toEqual(SLOT_STEPS[action]);
  });

  // A veto is a seat's own; automation executes everything else.
  const runner = isVeto(action) ? 'deputy' : 'ci';
  const coolOff = async () => {
    const { action: name, class: kind } = (await ask()).statement.predicate;
    return demandOf(team.plan.plan, team.roster, { action: name, class: kind }).coolOffSeconds;
  };
  const judged = (evidence: Evidence, now = later(600)) => judge(evidence, rulesOf(team), now);
  const signed = async () => {
    const asked = await ask();
    const both = [await approval(team, asked, 'privacy'), await approval(team, asked, 'deputy')] as const;
    return { asked, both, ready: (await coolOff()) + 120 };
  };

  it('T10 is spent by its intent, whatever came of it', async () => {
    const { asked, both, ready } = await signed();
    const begun = await intent(team, asked, runner, both, { at: later(ready) });
    expect(judged(evidenceOf(asked, ...both, begun), later(ready + 60)).state).toBe('executing');
    for (const outcome of ['executed', 'failed'] as const) {
      const done = await receipt(team, asked, begun, runner, { outcome, at: later(ready + 30) });
      const more = await approval(team, asked, 'architect', { at: later(ready + 60) });
      expect(judged(evidenceOf(asked, ...both, begun, done, more), later(ready + 90)).state).toBe(outcome);
    }
  });

  it('T11 lapses: without a quorum with its window, with one when it is not executed', async () => {
    const { asked, both } = await signed();
    expect(judged(evidenceOf(asked), later(8 * DAY)).state).toBe('expired');
    expect(judged(evidenceOf(asked, ...both), later(8 * DAY)).state).toBe('expired');
    const late = [
      await approval(team, asked, 'privacy', { at: later(7 * DAY + 1) }),
      await approval(team, asked, 'deputy', { at: later(7 * DAY + 1) }),
    ];
    expect(judged(evidenceOf(asked, ...late), later(7 * DAY + 60)).approvals.some(({ counted }) => counted)).toBe(
      false,
    );
  });

  it('T12 counts nothing that is dated ahead or before it', async () => {
    const { asked, both } = await signed();
    expect(() => judged(evidenceOf(asked, ...both), later(-DAY))).toThrow(code('REFUSED'));
    const [early, ahead] = [
      await approval(team, asked, 'privacy', { at: later(-DAY) }),
      await approval(team, asked, 'deputy', { at: later(DAY) }),
    ];
    const reasons = judged(evidenceOf(asked, early, ahead)).approvals.map(({ ignoredBecause }) => ignoredBecause);
    expect(reasons.sort()).toEqual(['before-the-request', 'from-the-future']);
  });

  it('T13 an intent on another state authorises nothing', async () => {
    const { asked, both, ready } = await signed();
    const other = await intent(team, asked, runner, both, { at: later(ready), preStateDigest: digestOf('other') });
    expect(judged(evidenceOf(asked, ...both, other), later(ready + 60)).state).toBe('failed');
  });

  it('T14 a rejection beats approvals until the intent, and nothing afterwards', async () => {
    const { asked, both, ready } = await signed();
    const veto = await rejection(team, asked, 'deputy');
    expect(judged(evidenceOf(asked, ...both, veto), later(ready)).state).toBe('rejected');
    expect(judged(evidenceOf(asked, ...both, seeing(veto, asked)), later(ready)).state).toBe('rejected');
    const begun = await intent(team, asked, runner, both, { at: later(ready) });
    const late = await rejection(team, asked, 'architect', { at: later(ready + 30) });
    expect(judged(evidenceOf(asked, ...both, begun, late), later(ready + 60)).state).toBe('executing');
  });

  it('T15 a withdrawn approval does not come back', async () => {
    const { asked, both, ready } = await signed();
    const back = await withdrawal(team, asked, 'privacy', both[0]);
    const open = judged(evidenceOf(asked, ...both, back), later(ready));
    expect(open.approvals.find(({ record }) => record.digest === both[0].digest)).toMatchObject({
      counted: false,
      ignoredBecause: 'withdrawn',
    });
    expect(open.state === 'pending').toBe(!isVeto(action));
  });

  it('T16 an intent that leaves out a withdrawal authorises nothing', async () => {
    const { asked, both, ready } = await signed();
    const back = await withdrawal(team, asked, 'privacy', both[0]);
    const begun = await intent(team, asked, runner, both, { at: later(ready) });
    expect(judged(evidenceOf(asked, ...both, back, begun), later(ready + 60)).state).toBe('failed');
  });

  it('T17 T19 one person is not two, and one is enough for a veto alone', async () => {
    const asked = await ask();
    const twice = [await approval(team, asked, 'privacy'), await approval(team, asked, 'privacy')];
    const { state } = judged(evidenceOf(asked, ...twice));
    expect(state).toBe(isVeto(action) ? 'approved' : 'pending');
  });
});
