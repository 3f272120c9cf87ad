import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Evidence, Verdict } from '../../src/lib/quorum/evidence.js';
import { judge } from '../../src/lib/quorum/judge.js';
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
  withdrawal,
} from '../support/people.js';

const DAY = 86_400;
const team = createTeam();
const rules = rulesOf(team);
const asked = await request(team);
const foreign = await request(team);

/** One of everything that may lie in a request's folder, honest and not. */
async function pool() {
  const privacy = await approval(team, asked, 'privacy');
  const deputy = await approval(team, asked, 'deputy');
  const again = await approval(team, asked, 'deputy', { at: later(30), with: team.spare });
  const own = await approval(team, asked, 'architect', { at: later(90) });
  const early = await approval(team, asked, 'architect', { at: later(-400) });
  const late = await approval(team, asked, 'privacy', { at: later(8 * DAY) });
  const elsewhere = await approval(team, foreign, 'architect');
  const no = await rejection(team, asked, 'architect', { at: later(100) });
  const back = await withdrawal(team, asked, 'deputy', deputy);
  const begun = await intent(team, asked, 'ci', [privacy, deputy]);
  const short = await intent(team, asked, 'ci', [privacy]);
  const done = await receipt(team, asked, begun, 'ci');
  const failed = await receipt(team, asked, begun, 'ci', { outcome: 'failed', error: { code: 'x', message: '' } });
  return [privacy, deputy, again, own, early, late, elsewhere, no, back, begun, short, done, failed];
}
const items = await pool();
const strangers = [
  await approval(team, asked, 'outsider'),
  await approval(team, asked, 'deputy', { with: team.signers.outsider }),
  await rejection(team, asked, 'architect', { with: team.signers.outsider }),
  await withdrawal(team, asked, 'architect', asked, { with: team.signers.outsider }),
  await receipt(team, asked, await intent(team, asked, 'ci', []), 'ci', { with: team.signers.outsider }),
];

/** Some of the pool, each with some of the others before it, or with a head that nobody has. */
const chosen = fc
  .subarray(items, { minLength: 0 })
  .chain((some) =>
    fc.tuple(
      fc.constant(some),
      fc.array(fc.option(fc.subarray(some), { freq: 9 }), { minLength: some.length, maxLength: some.length }),
    ),
  )
  .map(([some, heads]) =>
    some.map((record, at): Seeing => {
      const sees = heads[at];
      return sees ? seeing(record, ...sees.filter((other) => other !== record)) : lost(record);
    }),
  );
const now = fc.constantFrom(later(120), later(600), later(60 + DAY), later(2 * DAY), later(9 * DAY));

/** What a verdict says, without object identities. */
const said = (verdict: Verdict) => ({
  state: verdict.state,
  because: verdict.because,
  missing: verdict.missing,
  times: [verdict.approvedAt, verdict.coolUntil, verdict.executeBy],
  ended: [verdict.intent?.fileDigest, verdict.receipt?.fileDigest],
  records: [...verdict.approvals, ...verdict.rejections, ...verdict.withdrawals].map(
    ({ record, signer, counted, ignoredBecause }) => [record.fileDigest, signer?.id, counted, ignoredBecause],
  ),
});

const shuffled = (evidence: Evidence) =>
  fc
    .shuffledSubarray([...evidence.records], { minLength: evidence.records.length })
    .map((records): Evidence => ({ ...evidence, records }));

describe('judge', () => {
  test('does not depend on the order of the records', () => {
    const cases = chosen.chain((some) => {
      const evidence = evidenceOf(asked, ...some);
      return fc.tuple(fc.constant(evidence), shuffled(evidence), now);
    });
    fc.assert(
      fc.property(cases, ([evidence, other, at]) => {
        expect(said(judge(other, rules, at))).toEqual(said(judge(evidence, rules, at)));
      }),
    );
  });

  test('is deterministic, also for copies of the records that it has not verified yet', () => {
    fc.assert(
      fc.property(chosen, now, (some, at) => {
        const evidence = evidenceOf(asked, ...some);
        const copy = { ...evidence, records: evidence.records.map((record) => ({ ...record })) };
        expect(said(judge(copy, rules, at))).toEqual(said(judge(evidence, rules, at)));
      }),
    );
  });

  test('a record of an unknown key never changes the state', () => {
    const stranger = fc.constantFrom(...strangers);
    fc.assert(
      fc.property(chosen, stranger, now, (some, evil, at) => {
        const before = judge(evidenceOf(asked, ...some), rules, at);
        const after = judge(evidenceOf(asked, ...some, seeing(evil)), rules, at);
        expect([after.state, after.missing, after.approvedAt]).toEqual([
          before.state,
          before.missing,
          before.approvedAt,
        ]);
      }),
    );
  });

  test('fewer than two people never approve, and a rejection is never outvoted', () => {
    fc.assert(
      fc.property(chosen, now, (some, at) => {
        const { state, approvals, rejections } = judge(evidenceOf(asked, ...some), rules, at);
        const people = new Set(approvals.filter(({ counted }) => counted).map(({ signer }) => signer?.person));
        if (['approved', 'cooling', 'executing', 'executed'].includes(state)) expect(people.size).toBeGreaterThan(1);
        if (rejections.some(({ counted }) => counted)) expect(['rejected', 'failed']).toContain(state);
      }),
    );
  });
});
