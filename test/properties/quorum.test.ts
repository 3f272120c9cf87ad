import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Evidence, Verdict } from '../../src/lib/quorum/evidence.js';
import { judge } from '../../src/lib/quorum/judge.js';
import type { CustodianId } from '../../src/lib/roster/roster.js';
import { malleated } from '../support/malleated.js';
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

const team = createTeam();
const asked = await request(team);
const NAMES = ['architect', 'privacy', 'deputy', 'ci', 'outsider'] as const;

/** Records of every kind that a folder may come to hold: good, odd and hostile ones. */
const approvals = await Promise.all(
  NAMES.flatMap((who) => [0, 60, 4000].map((seconds) => approval(team, asked, who, { at: later(seconds) }))),
);
const copies = approvals.filter(({ signature }) => signature.length !== 64).map((record) => malleated(record));
const odd = [
  await approval(team, asked, 'deputy', { with: team.spare }),
  await approval(team, asked, 'privacy', { with: team.signers.deputy }),
  await approval(team, await request(team), 'deputy'),
];
const rejections = await Promise.all(NAMES.map((who) => rejection(team, asked, who)));
const withdrawals = await Promise.all([
  ...NAMES.map((who) => withdrawal(team, asked, who)),
  ...approvals.slice(0, 9).map((given) => withdrawal(team, asked, given.statement.predicate.by as 'deputy', given)),
]);
const [architect, privacy] = [approvals[1], approvals[4]];
if (!architect || !privacy) throw new Error('there are approvals');
const intents = [
  await intent(team, asked, 'ci', [architect, privacy], { at: later(5000) }),
  await intent(team, asked, 'ci', [architect], { at: later(5000) }),
];
const receipts = await Promise.all(intents.map((begun) => receipt(team, asked, begun, 'ci', { at: later(5010) })));

type AnyRecord = (typeof approvals)[number] | (typeof rejections)[number] | (typeof withdrawals)[number];
const answers: readonly AnyRecord[] = [...approvals, ...copies, ...odd, ...rejections, ...withdrawals];

/** Each record names a head that held everything, nothing, or that nobody knows. */
const item: fc.Arbitrary<Seeing> = fc
  .tuple(fc.constantFrom(...answers), fc.constantFrom('all', 'none', 'lost'))
  .map(([record, place]) => (place === 'lost' ? lost(record) : place === 'none' ? seeing(record) : record));
const last: fc.Arbitrary<Seeing[]> = fc.constantFrom(
  [],
  [seeing(intents[0] as never, architect, privacy)],
  [seeing(intents[0] as never, architect, privacy), receipts[0] as never],
  [seeing(intents[1] as never, architect)],
);
const folder = fc.tuple(fc.array(item, { maxLength: 12 }), last).map(([some, end]) => [...some, ...end]);
const times = fc.integer({ min: -1000, max: 9 * 86_400 }).map((seconds) => later(seconds));
const given = (evidence: Evidence, now = later(6000)): Verdict => judge(evidence, rulesOf(team), now);
const RUNS = { numRuns: 300 };

/** `now` of a judgement is never before the request. */
const sane = times.filter((now) => now >= later(-300));

describe('judge', () => {
  it('gives the same verdict for the same evidence, in whatever order the records come', () => {
    fc.assert(
      fc.property(folder, sane, fc.infiniteStream(fc.nat()), (items, now, numbers) => {
        const evidence = evidenceOf(asked, ...items);
        const shuffled = [...evidence.records]
          .map((record) => ({ record, rank: numbers.next().value as number }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ record }) => record);
        const one = given(evidence, now);
        const other = given({ ...evidence, records: shuffled }, now);
        expect(other.state).toBe(one.state);
        expect(other.approvedAt).toBe(one.approvedAt);
        expect(other.missing).toEqual(one.missing);
        expect(other.intent?.fileDigest).toBe(one.intent?.fileDigest);
        expect(new Map(other.approvals.map((a) => [a.record.fileDigest, a.ignoredBecause]))).toEqual(
          new Map(one.approvals.map((a) => [a.record.fileDigest, a.ignoredBecause])),
        );
        expect(given(evidence, now)).toEqual(one);
      }),
      RUNS,
    );
  });

  it('never approves without two different custodians whose signatures verify', () => {
    fc.assert(
      fc.property(folder, sane, (items, now) => {
        const verdict = given(evidenceOf(asked, ...items), now);
        const people = new Set(
          verdict.approvals.filter(({ counted }) => counted).map(({ signer }) => signer?.person ?? 'nobody'),
        );
        for (const person of people) expect(['architect', 'privacy', 'deputy']).toContain(person);
        expect(verdict.approvals.filter(({ counted }) => counted)).toHaveLength(people.size);
        if (['approved', 'cooling', 'executing', 'executed'].includes(verdict.state)) {
          expect(people.size).toBeGreaterThanOrEqual(2);
        }
      }),
      RUNS,
    );
  });

  it('is not moved to approved by anything but a valid approval of a person who had none', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 8 }), item, (items, added) => {
        const before = given(evidenceOf(asked, ...items));
        const after = given(evidenceOf(asked, ...items, added));
        if (before.state === 'approved' || after.state !== 'approved') return;
        const record = 'record' in added ? added.record : added;
        expect(record.statement.kind).toBe('approval');
        const counted = after.approvals.find((found) => found.record.fileDigest === record.fileDigest);
        expect(counted?.counted).toBe(true);
        const earlier = before.approvals.filter((found) => found.counted).map(({ signer }) => signer?.person);
        expect(earlier).not.toContain(counted?.signer?.person);
      }),
      RUNS,
    );
  });

  it('is never moved back from rejected or withdrawn by more records', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 8 }), fc.array(item, { maxLength: 4 }), (items, more) => {
        const before = given(evidenceOf(asked, ...items)).state;
        const after = given(evidenceOf(asked, ...items, ...more)).state;
        if (before === 'rejected') expect(after).toBe('rejected');
        if (before === 'withdrawn') expect(['rejected', 'withdrawn']).toContain(after);
      }),
      RUNS,
    );
  });

  it('is not changed by records of strangers, automation and other requests', () => {
    const harmless = [...approvals, ...rejections].filter(({ statement }) =>
      ['ci', 'outsider'].includes(statement.predicate.by),
    );
    fc.assert(
      fc.property(folder, fc.subarray([...harmless, ...odd.slice(1)]), (items, more) => {
        expect(given(evidenceOf(asked, ...more, ...items)).state).toBe(given(evidenceOf(asked, ...items)).state);
      }),
      RUNS,
    );
  });

  it('only loses power by a freeze', () => {
    const frozen = (id: string) => rulesOf(team, { frozen: new Set([id as CustodianId]) });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 10 }), fc.constantFrom('architect', 'privacy', 'deputy'), (items, id) => {
        const evidence = evidenceOf(asked, ...items);
        const counted = (verdict: Verdict) =>
          verdict.approvals.filter((found) => found.counted).map(({ signer }) => signer?.person);
        const after = counted(judge(evidence, frozen(id), later(6000)));
        expect(after).not.toContain(id);
        expect(counted(given(evidence))).toEqual(expect.arrayContaining(after));
      }),
      RUNS,
    );
  });
});
