import { describe, expect, it } from 'vitest';
import type { Instant } from '../../../src/lib/base/time.js';
import type { Plan } from '../../../src/lib/plan/plan.js';
import type { Evidence, Ignored, Rules, Verdict } from '../../../src/lib/quorum/evidence.js';
import { judge } from '../../../src/lib/quorum/judge.js';
import type { OpenRecord } from '../../../src/lib/record/envelope.js';
import { planProposal } from '../../../src/lib/request/open.js';
import type { CustodianId } from '../../../src/lib/roster/roster.js';
import {
  approval,
  createTeam,
  evidenceOf,
  intent,
  later,
  lost,
  receipt,
  rejection,
  request,
  rulesOf,
  type Seeing,
  seeing,
  type Team,
  type Who,
  withdrawal,
  withQuorum,
} from '../../support/people.js';

const DAY = 86_400;
const team = createTeam();
const asked = await request(team);

const state = (evidence: Evidence, now: Instant = later(600), rules: Rules = rulesOf(team)) =>
  judge(evidence, rules, now).state;

/** Why each record did not count, `null` for those that did; in the order of the signers' names. */
function ignored(verdict: Verdict): Record<string, Ignored | null> {
  const all = [...verdict.approvals, ...verdict.rejections, ...verdict.withdrawals];
  return Object.fromEntries(
    all.map(({ record, ignoredBecause }) => [
      `${record.statement.kind} of ${record.statement.predicate.by}`,
      ignoredBecause,
    ]),
  );
}

const two = async (to: OpenRecord<'request'> = asked, of: Team = team, at = later(60)) =>
  [await approval(of, to, 'privacy', { at }), await approval(of, to, 'deputy', { at })] as const;

describe('state while no intent has consumed the request', () => {
  it('is pending with nothing and with one approval', async () => {
    expect(judge(evidenceOf(asked), rulesOf(team), later(600))).toMatchObject({
      state: 'pending',
      because: 'the quorum is not met',
      threshold: 2,
      missing: { signatures: 2, duties: 1, newKeys: 0 },
      approvedAt: null,
    });
    const one = evidenceOf(asked, await approval(team, asked, 'privacy'));
    expect(judge(one, rulesOf(team), later(600))).toMatchObject({ state: 'pending', missing: { signatures: 1 } });
  });

  it('is approved with two people, whoever they are, and says until when', async () => {
    const [privacy, deputy] = await two();
    expect(judge(evidenceOf(asked, privacy, deputy), rulesOf(team), later(600))).toMatchObject({
      state: 'approved',
      approvedAt: later(60),
      coolUntil: null,
      executeBy: later(60 + DAY),
      missing: { signatures: 0, duties: 0, newKeys: 0 },
    });
    const own = await approval(team, asked, 'architect');
    expect(state(evidenceOf(asked, own, deputy))).toBe('approved');
  });

  it('takes the time of the approval that completed the quorum, in the order of their times', async () => {
    const first = await approval(team, asked, 'privacy', { at: later(4000) });
    const second = await approval(team, asked, 'deputy', { at: later(100) });
    const third = await approval(team, asked, 'architect', { at: later(9000) });
    const verdict = judge(evidenceOf(asked, third, first, second), rulesOf(team), later(9600));
    expect(verdict).toMatchObject({ state: 'approved', approvedAt: later(4000) });
  });

  it('is rejected by one custodian, also after the quorum is met', async () => {
    const [privacy, deputy] = await two();
    const no = await rejection(team, asked, 'architect', { at: later(300) });
    expect(state(evidenceOf(asked, privacy, deputy, no))).toBe('rejected');
  });

  it('is rejected when rejection and approvals were signed side by side', async () => {
    const [privacy, deputy] = await two();
    const no = await rejection(team, asked, 'architect');
    expect(state(evidenceOf(asked, seeing(privacy), seeing(deputy), seeing(no)))).toBe('rejected');
    expect(state(evidenceOf(asked, no, privacy, deputy))).toBe('rejected');
  });

  it('is withdrawn by the requester, and by nobody else', async () => {
    const [privacy, deputy] = await two();
    const back = await withdrawal(team, asked, 'architect');
    expect(state(evidenceOf(asked, privacy, deputy, back))).toBe('withdrawn');
    const foreign = await withdrawal(team, asked, 'privacy');
    const verdict = judge(evidenceOf(asked, privacy, deputy, foreign), rulesOf(team), later(600));
    expect(verdict.state).toBe('approved');
    expect(ignored(verdict)['withdrawal of privacy']).toBe('not-the-requester');
  });

  it('falls back to pending when an approval is withdrawn, and rises again with a new one', async () => {
    const [privacy, deputy] = await two();
    const back = await withdrawal(team, asked, 'deputy', deputy);
    const verdict = judge(evidenceOf(asked, privacy, deputy, back), rulesOf(team), later(600));
    expect(verdict).toMatchObject({ state: 'pending', missing: { signatures: 1 } });
    expect(ignored(verdict)['approval of deputy']).toBe('withdrawn');
    const again = await approval(team, asked, 'deputy', { at: later(400) });
    const risen = judge(evidenceOf(asked, privacy, deputy, back, again), rulesOf(team), later(600));
    expect(risen.state).toBe('approved');
    expect(risen.approvals.filter(({ counted }) => counted)).toHaveLength(2);
  });

  it('T15 a withdrawn approval is not brought back by a withdrawal that does not count', async () => {
    const [privacy, deputy] = await two();
    const back = await withdrawal(team, asked, 'deputy', deputy);
    for (const by of ['architect', 'outsider'] as const) {
      let foreign = await withdrawal(team, asked, by, deputy);
      // The last one of an approval in the order of their digests would be the one that is remembered.
      for (let n = 1; foreign.digest < back.digest; n++)
        foreign = await withdrawal(team, asked, by, deputy, { reason: `${n}` });
      expect(state(evidenceOf(asked, privacy, deputy, back, foreign))).toBe('pending');
    }
  });

  it('a rejection is not taken back', async () => {
    const no = await rejection(team, asked, 'deputy');
    const verdict = judge(
      evidenceOf(asked, no, await withdrawal(team, asked, 'deputy', no)),
      rulesOf(team),
      later(600),
    );
    expect(verdict.state).toBe('rejected');
    expect(ignored(verdict)['withdrawal of deputy']).toBe('other-request');
  });

  it('does not let one custodian withdraw the approval of another', async () => {
    const [privacy, deputy] = await two();
    const foreign = await withdrawal(team, asked, 'architect', deputy);
    const verdict = judge(evidenceOf(asked, privacy, deputy, foreign), rulesOf(team), later(600));
    expect(verdict.state).toBe('approved');
    expect(ignored(verdict)['withdrawal of architect']).toBe('other-request');
  });

  it('expires with the approval window, to the second', async () => {
    const one = evidenceOf(asked, await approval(team, asked, 'privacy'));
    expect(state(one, later(7 * DAY))).toBe('pending');
    expect(state(one, later(7 * DAY, later(1)))).toBe('expired');
  });

  it('expires with the execution window, to the second', async () => {
    const [privacy, deputy] = await two();
    const evidence = evidenceOf(asked, privacy, deputy);
    expect(state(evidence, later(60 + DAY))).toBe('approved');
    expect(state(evidence, later(61 + DAY))).toBe('expired');
  });

  it('does not count an approval given after the window', async () => {
    const [privacy] = await two();
    const late = await approval(team, asked, 'deputy', { at: later(7 * DAY + 1) });
    const verdict = judge(evidenceOf(asked, privacy, late), rulesOf(team), later(7 * DAY + 10));
    expect(verdict.state).toBe('expired');
    expect(ignored(verdict)['approval of deputy']).toBe('after-the-window');
    const inTime = await approval(team, asked, 'deputy', { at: later(7 * DAY) });
    expect(state(evidenceOf(asked, privacy, inTime), later(7 * DAY + 10))).toBe('approved');
  });

  it.each(['planDigest', 'rosterDigest'] as const)('expires when another %s is in force', async (which) => {
    const [privacy, deputy] = await two();
    const rules = rulesOf(team);
    const changed = { ...rules, inForce: { ...rules.inForce, [which]: `sha256:${'0'.repeat(64)}` as const } };
    expect(state(evidenceOf(asked, privacy, deputy), later(600), changed)).toBe('expired');
  });
});

describe('classes', () => {
  const strict = (rule: Plan['quorum']['classes'][string & keyof Plan['quorum']['classes']]) =>
    withQuorum(team, { classes: { rotate: rule ?? {} } });

  it('cools off before it is approved, to the second', async () => {
    const calm = strict({ coolOffSeconds: 3600 });
    const to = await request(calm);
    const evidence = evidenceOf(to, ...(await two(to, calm)));
    expect(judge(evidence, rulesOf(calm), later(3659))).toMatchObject({
      state: 'cooling',
      coolUntil: later(3660),
      executeBy: later(3660 + DAY),
    });
    expect(state(evidence, later(3660), rulesOf(calm))).toBe('approved');
    const no = await rejection(calm, to, 'architect', { at: later(1800) });
    expect(state(evidenceOf(to, ...(await two(to, calm)), no), later(4000), rulesOf(calm))).toBe('rejected');
  });

  it('wants different duties where the rule says so', async () => {
    const wide = strict({ distinctRoles: 2 });
    const to = await request(wide);
    const same = [await approval(wide, to, 'architect'), await approval(wide, to, 'deputy')];
    expect(judge(evidenceOf(to, ...same), rulesOf(wide), later(600))).toMatchObject({
      state: 'pending',
      missing: { signatures: 0, duties: 1 },
    });
    expect(state(evidenceOf(to, ...same, await approval(wide, to, 'privacy')), later(600), rulesOf(wide))).toBe(
      'approved',
    );
  });

  it('can raise the threshold, never lower it', async () => {
    const high = strict({ threshold: 3 });
    const to = await request(high);
    const evidence = evidenceOf(to, ...(await two(to, high)));
    expect(judge(evidence, rulesOf(high), later(600))).toMatchObject({ state: 'pending', threshold: 3 });
    const low = strict({ threshold: 1 });
    const other = await request(low);
    const one = evidenceOf(other, await approval(low, other, 'privacy'));
    expect(judge(one, rulesOf(low), later(600))).toMatchObject({ state: 'pending', threshold: 2 });
  });
});

describe('T29 a veto', () => {
  const hard = { threshold: 3, distinctRoles: 2, coolOffSeconds: 3600, selfApproval: false };
  const strict = withQuorum(team, { classes: { veto: hard }, requesterMayExecute: false, approverMayExecute: false });

  it('needs one custodian, whatever the plan says, and who asked carries it out', async () => {
    const to = await request(strict, 'architect', { action: 'key.cancel-deletion' });
    const own = await approval(strict, to, 'architect');
    expect(judge(evidenceOf(to, own), rulesOf(strict), later(600))).toMatchObject({ state: 'approved', threshold: 1 });
    for (const [by, expected] of [
      ['architect', 'executing'],
      ['ci', 'failed'],
    ] as const) {
      const begun = await intent(strict, to, by, [own]);
      expect(state(evidenceOf(to, own, begun), later(600), rulesOf(strict))).toBe(expected);
    }
  });
});

describe('T25 T67 a change of rules', () => {
  it('takes the later time and the longer cool-off of both quorums', async () => {
    for (const [before, after] of [
      [{ threshold: 3 }, { coolOffSeconds: 3600 }],
      [{ coolOffSeconds: 3600 }, { threshold: 3 }],
    ]) {
      const old = withQuorum(team, { classes: { plan: before ?? {} } });
      const next = withQuorum(team, { classes: { plan: after ?? {} } });
      const { parameters } = planProposal(old.plan, next.plan.plan, '', null);
      const to = await request(old, 'architect', { action: 'plan.update', key: null, parameters });
      const rules = rulesOf(old, { next: { plan: next.plan.plan, roster: team.roster } });
      const both = await two(to, old);
      expect(judge(evidenceOf(to, ...both), rules, later(600))).toMatchObject({
        state: 'pending',
        threshold: 3,
        missing: { signatures: 1 },
      });
      const last = await approval(old, to, 'architect', { at: later(300) });
      expect(judge(evidenceOf(to, ...both, last), rules, later(600))).toMatchObject({
        state: 'cooling',
        approvedAt: later(300),
        coolUntil: later(3900),
      });
    }
  });
});

describe('who counts', () => {
  const of = async (record: Seeing, rules: Rules = rulesOf(team), now = later(600)) => {
    const privacy = await approval(team, asked, 'privacy');
    const verdict = judge(evidenceOf(asked, privacy, record), rules, now);
    expect(verdict.state).toBe('pending');
    const found = verdict.approvals.find((item) => item.record !== (privacy as unknown));
    expect(verdict.approvals.filter(({ counted }) => counted)).toHaveLength(1);
    return found?.ignoredBecause;
  };

  it.each<[Ignored, () => Promise<Seeing>]>([
    ['signer-unknown', () => approval(team, asked, 'outsider')],
    ['signer-unknown', () => approval(team, asked, 'deputy', { with: team.signers.outsider })],
    ['signer-is-not-the-author', () => approval(team, asked, 'deputy', { with: team.signers.architect })],
    ['automation-cannot-approve', () => approval(team, asked, 'ci')],
    ['same-person', () => approval(team, asked, 'privacy', { at: later(90) })],
    ['other-repository', () => approval(team, asked, 'deputy', { repository: 'fedcba9876543210' })],
    ['other-request', async () => approval(team, await request(team), 'deputy')],
    ['head-unknown', async () => lost(await approval(team, asked, 'deputy'))],
    ['before-the-request', () => approval(team, asked, 'deputy', { at: later(-301) })],
    ['from-the-future', () => approval(team, asked, 'deputy', { at: later(901) })],
  ])('ignores an approval: %s', async (because, make) => {
    expect(await of(await make())).toBe(because);
  });

  it('tolerates clocks that are five minutes apart', async () => {
    const early = await approval(team, asked, 'deputy', { at: later(-300) });
    const ahead = await approval(team, asked, 'privacy', { at: later(900) });
    expect(state(evidenceOf(asked, early, ahead))).toBe('approved');
  });

  it('ignores a frozen custodian, in approvals and rejections', async () => {
    const frozen = rulesOf(team, { frozen: new Set(['deputy' as CustodianId]) });
    expect(await of(await approval(team, asked, 'deputy'), frozen)).toBe('frozen');
    const no = await rejection(team, asked, 'deputy');
    expect(state(evidenceOf(asked, no, ...(await two())), later(600), frozen)).toBe('pending');
  });

  it('ignores the requester, and the owner of the automation that asked, where the plan says so', async () => {
    const strict = withQuorum(team, { selfApproval: false });
    for (const by of ['architect', 'ci'] as const) {
      const to = await request(strict, by);
      const own = await approval(strict, to, 'architect');
      const verdict = judge(evidenceOf(to, own, await approval(strict, to, 'privacy')), rulesOf(strict), later(600));
      expect(verdict).toMatchObject({ state: 'pending', missing: { signatures: 1 } });
      expect(ignored(verdict)['approval of architect']).toBe('self-approval');
    }
  });

  it.each<[string, Who]>([
    ['automation', 'ci'],
    ['an outsider', 'outsider'],
  ])('does not let %s reject', async (_, who) => {
    const no = await rejection(team, asked, who);
    expect(state(evidenceOf(asked, ...(await two()), no))).toBe('approved');
  });

  it('counts a rejection and a withdrawal whatever their clock and head were: they only remove power', async () => {
    for (const at of [later(-DAY), later(DAY)]) {
      const no = await rejection(team, asked, 'architect', { at });
      expect(state(evidenceOf(asked, ...(await two()), no))).toBe('rejected');
      const [privacy, deputy] = await two();
      const back = await withdrawal(team, asked, 'deputy', deputy, { at });
      expect(state(evidenceOf(asked, privacy, deputy, back))).toBe('pending');
    }
    const no = await rejection(team, asked, 'architect');
    expect(state(evidenceOf(asked, ...(await two()), lost(no)))).toBe('rejected');
  });
});

describe('execution', () => {
  it('is executing with a valid intent, executed with its receipt', async () => {
    const seen = await two();
    const begun = await intent(team, asked, 'architect', seen);
    const done = await receipt(team, asked, begun, 'architect');
    const during = judge(evidenceOf(asked, ...seen, begun), rulesOf(team), later(600));
    expect(during).toMatchObject({ state: 'executing', receipt: null });
    expect(during.intent?.digest).toBe(begun.digest);
    const after = judge(evidenceOf(asked, ...seen, begun, done), rulesOf(team), later(600));
    expect(after.state).toBe('executed');
    expect(after.receipt?.digest).toBe(done.digest);
  });

  it('verifies each record once in a judgement, and again in the next', async () => {
    const seen = await two();
    const begun = await intent(team, asked, 'architect', seen);
    const looks = new Map<string, number>();
    const counted = [...seen, begun].map((record) =>
      Object.defineProperty({ ...record }, 'signature', {
        get: () => {
          looks.set(record.fileDigest, (looks.get(record.fileDigest) ?? 0) + 1);
          return record.signature;
        },
      }),
    );
    for (const times of [1, 2]) {
      expect(state(evidenceOf(asked, ...counted))).toBe('executing');
      expect([...looks.values()]).toEqual([times, times, times]);
    }
  });

  it('stays executed for ever, whatever is in force later', async () => {
    const seen = await two();
    const begun = await intent(team, asked, 'ci', seen);
    const done = await receipt(team, asked, begun, 'ci');
    const other = `sha256:${'0'.repeat(64)}` as const;
    const changed = rulesOf(team, { inForce: { planDigest: other, rosterDigest: other } });
    expect(state(evidenceOf(asked, ...seen, begun, done), later(1000 * DAY), changed)).toBe('executed');
  });

  it('is failed when the receipt says so', async () => {
    const seen = await two();
    const begun = await intent(team, asked, 'architect', seen);
    const error = { code: 'LimitExceededException', message: 'no rotation is left' };
    const done = await receipt(team, asked, begun, 'architect', { outcome: 'failed', error });
    const verdict = judge(evidenceOf(asked, ...seen, begun, done), rulesOf(team), later(600));
    expect(verdict).toMatchObject({ state: 'failed', because: expect.stringContaining('LimitExceededException') });
  });

  it('takes no receipt that is not an answer to the intent by one who is listed', async () => {
    const seen = await two();
    const begun = await intent(team, asked, 'architect', seen);
    const forged = [
      await receipt(team, asked, begun, 'outsider'),
      await receipt(team, asked, begun, 'architect', { with: team.signers.deputy }),
      await receipt(team, asked, begun, 'architect', { intent: asked.digest }),
      await receipt(team, await request(team), begun, 'architect'),
      await receipt(team, asked, begun, 'architect', { repository: 'fedcba9876543210' }),
    ];
    for (const done of forged) expect(state(evidenceOf(asked, ...seen, begun, done))).toBe('executing');
  });

  it('takes no receipt of one who may not execute it', async () => {
    const named = await request(team, 'architect', { executor: 'ci' });
    const approvals = [await approval(team, named, 'privacy'), await approval(team, named, 'deputy')];
    const begun = await intent(team, named, 'ci', approvals);
    for (const [by, expected] of [
      ['deputy', 'executing'],
      ['ci', 'executed'],
    ] as const) {
      const done = await receipt(team, named, begun, by);
      expect(judge(evidenceOf(named, ...approvals, begun, done), rulesOf(team), later(600)).state).toBe(expected);
    }
  });

  it('lets a valid intent beat a rejection that it could not see', async () => {
    const seen = await two();
    const begun = await intent(team, asked, 'architect', seen);
    const no = await rejection(team, asked, 'deputy', { at: later(90) });
    const verdict = judge(evidenceOf(asked, ...seen, begun, seeing(no, ...seen)), rulesOf(team), later(600));
    expect(verdict.state).toBe('executing');
    expect(ignored(verdict)['rejection of deputy']).toBe('after-the-intent');
  });

  const spent = async (begun: OpenRecord<'intent'>, seen: readonly Seeing[], rules = rulesOf(team), now = later(600)) =>
    judge(evidenceOf(asked, ...seen, begun), rules, now);

  it('is spent by an intent whose head held a rejection, listed or not', async () => {
    const approvals = await two();
    const no = await rejection(team, asked, 'deputy', { at: later(90) });
    for (const listed of [[...approvals, no], approvals]) {
      const verdict = await spent(await intent(team, asked, 'architect', listed), [...approvals, no]);
      expect(verdict).toMatchObject({ state: 'failed', intent: null });
    }
  });

  it('is spent by an intent that leaves out or invents a record', async () => {
    const seen = await two();
    const extra = await approval(team, asked, 'architect');
    for (const listed of [[seen[0]], [...seen, extra]]) {
      expect((await spent(await intent(team, asked, 'architect', listed), seen)).state).toBe('failed');
    }
    const idle = await rejection(team, asked, 'ci');
    expect((await spent(await intent(team, asked, 'architect', seen), [...seen, idle])).state).toBe('failed');
    expect((await spent(await intent(team, asked, 'architect', [...seen, idle]), [...seen, idle])).state).toBe(
      'executing',
    );
    const back = await withdrawal(team, asked, 'deputy', { digest: asked.digest });
    expect((await spent(await intent(team, asked, 'architect', seen), [...seen, back])).state).toBe('failed');
  });

  it.each<[string, Partial<Parameters<typeof intent>[4]>]>([
    ['before the quorum was met', { at: later(-400) }],
    ['after the execution window', { at: later(61 + DAY) }],
    ['that names another request', { request: `sha256:${'0'.repeat(64)}` }],
    ['that names another pre-state', { preStateDigest: `sha256:${'0'.repeat(64)}` }],
    ['of another repository', { repository: 'fedcba9876543210' }],
    ['signed by nobody', { with: team.signers.outsider }],
    ['signed by another than its author', { with: team.signers.deputy }],
  ])('is spent by an intent %s', async (_, change) => {
    const seen = await two();
    const begun = await intent(team, asked, 'architect', seen, change);
    const { state: after, intent: counted } = await spent(begun, seen, rulesOf(team), later(2 * DAY));
    expect([after, counted]).toEqual(['failed', null]);
  });

  it('T14 T25 is spent by an intent in another place, or made for another request and the same approvals', async () => {
    const seen = await two();
    const begun = await intent(team, asked, 'architect', seen);
    for (const intentPlace of ['under-other-rules', 'elsewhere', null] as const) {
      expect(state({ ...evidenceOf(asked, ...seen, begun), intentPlace })).toBe('failed');
    }
    expect((await spent(await intent(team, await request(team), 'architect', seen), seen)).state).toBe('failed');
  });

  it('is spent by an intent whose head is unknown', async () => {
    const seen = await two();
    const begun = await intent(team, asked, 'architect', seen);
    expect(state(evidenceOf(asked, ...seen, lost(begun)))).toBe('failed');
  });

  it('is not begun by an intent from the future', async () => {
    const calm = withQuorum(team, { classes: { rotate: { coolOffSeconds: 3600 } } });
    const to = await request(calm);
    const seen = await two(to, calm);
    const begun = await intent(calm, to, 'deputy', seen, { at: later(3700) });
    expect(state(evidenceOf(to, ...seen, begun), later(600), rulesOf(calm))).toBe('failed');
  });

  it('lets only those execute whom request and plan name', async () => {
    const named = await request(team, 'architect', { executor: 'ci' });
    const seen = await two(named);
    const judged = async (by: Who, rules: Rules, to = named, listed = seen) =>
      state(evidenceOf(to, ...listed, await intent(team, to, by, listed)), later(600), rules);
    expect(await judged('ci', rulesOf(team))).toBe('executing');
    expect(await judged('deputy', rulesOf(team))).toBe('failed');
    for (const [who, change] of [
      ['architect', { requesterMayExecute: false }],
      ['ci', { requesterMayExecute: false }],
      ['deputy', { approverMayExecute: false }],
    ] as const) {
      const strict = withQuorum(team, change);
      const to = await request(strict);
      const both = await two(to, strict);
      expect(await judged(who, rulesOf(strict), to, both)).toBe('failed');
      const other = who === 'deputy' ? 'architect' : 'privacy';
      expect(await judged(other, rulesOf(strict), to, both)).toBe('executing');
    }
  });
});
