import { describe, expect, it } from 'vitest';
import { judge } from '../../../src/lib/quorum/judge.js';
import type { RequestPredicate } from '../../../src/lib/record/statement.js';
import { createProposal } from '../../../src/lib/request/estate.js';
import { planProposal } from '../../../src/lib/request/open.js';
import {
  ACCOUNT,
  caseDataKey,
  createTeam,
  evidenceOf,
  later,
  PRIMARY,
  record,
  request,
  requestPredicate,
  requestStatement,
  rulesOf,
} from '../../support/people.js';

const team = createTeam();
const judged = async (asked: ReturnType<typeof request>) => judge(evidenceOf(await asked), rulesOf(team), later(600));
const ofPlan = { ...planProposal(team.plan, team.plan.plan, '', null), executor: null };
const { calls } = requestPredicate(team);
const created = createProposal(team.plan.plan, team.roster, 'root', '', null);
const newKey = { name: 'root', alias: 'alias/cmk/root', arn: null, keyId: null };
const keyId = '99999999-2222-3333-4444-555555555555';
const scratch = { name: 'drill-cycle', alias: 'none', arn: `arn:aws:kms:${PRIMARY}:${ACCOUNT}:key/${keyId}`, keyId };
const exercise = { action: 'drill.cycle', key: scratch, preState: { enabled: false, periodDays: null } } as const;

describe('a request is one', () => {
  it.each<[string, Partial<RequestPredicate>]>([
    ['for a key that is still to be made', { ...created, executor: null, key: newKey }],
    ['for an exercise, on the key of a drill alone', exercise],
    ['for the plan, which is no key', ofPlan],
  ])('%s', async (_, change) => {
    expect((await judged(request(team, 'architect', change))).state).toBe('pending');
  });

  it.each<[string, string, Partial<RequestPredicate>]>([
    ['about another partition, and no key', 'another account', { ...ofPlan, partition: 'aws-cn' }],
    ['of a key action about no key', 'the plan has no such key', { key: null, calls }],
    ['about a key of the plan as an exercise', 'no such key', { ...exercise, key: caseDataKey(team), calls }],
    ['about the key of an exercise for more than it', 'no such key', { key: scratch }],
    ['with an empty approval window', 'window is empty', { approveBy: later(0) }],
    ['with an approval window that ends before it', 'window is empty', { approveBy: later(-1) }],
  ])('%s is refused, and told why', async (_, why, change) => {
    const refused = { code: 'REFUSED', message: expect.stringContaining(why) };
    await expect(judged(request(team, 'architect', change))).rejects.toEqual(expect.objectContaining(refused));
  });

  it.each(['of another name', 'and one more'])('with a subject %s it is refused', async (which) => {
    const plain = requestStatement(requestPredicate(team));
    const [subject = { name: '', digest: team.planDigest }] = plain.subjects;
    const subjects = which === 'and one more' ? [subject, subject] : [{ ...subject, name: 'call' }];
    const asked = record(team.signers.architect, { ...plain, subjects });
    await expect(judged(asked)).rejects.toEqual(expect.objectContaining({ code: 'REFUSED' }));
  });

  it('by a key of nobody it is refused as that', async () => {
    const unknown = expect.objectContaining({ code: 'SIGNER_UNKNOWN' });
    await expect(judged(request(team, 'outsider'))).rejects.toEqual(unknown);
  });
});
