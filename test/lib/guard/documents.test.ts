import { beforeAll, describe, expect, it } from 'vitest';
import { configOf } from '../../../src/lib/guard/config.js';
import type { Policy } from '../../../src/lib/guard/policy.js';
import { judgeRecords } from '../../../src/lib/guard/records.js';
import { reportOf } from '../../../src/lib/guard/report.js';
import { judgePlan } from '../../../src/lib/guard/terraform.js';
import { policyOver } from '../../support/guard-policy.js';

let policy: Policy;
beforeAll(async () => {
  policy = await policyOver('s3');
});

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const planOf = (changes: readonly unknown[], more: object = {}) => ({
  format_version: '1.2',
  planned_values: {},
  resource_changes: changes,
  ...more,
});
const bucket = (address: string, actions: readonly string[], name = 'acme-ledger') => ({
  address,
  type: 'aws_s3_bucket',
  change: { actions, before: { bucket: name }, after: null },
});

describe('a Terraform plan', () => {
  it('is judged change by change', () => {
    const changes = [bucket('aws_s3_bucket.a', ['delete']), bucket('aws_s3_bucket.b', ['delete'], 'other'), null];
    const judged = judgePlan(policy, bytes(planOf(changes)), 'plan.json');
    expect(judged).toMatchObject({
      judged: 3,
      concerned: 2,
      findings: [
        { what: 'aws_s3_bucket.a', outcome: 'planned', rules: ['ledger-deleted'] },
        { what: 'a change without address', rules: ['change-unreadable'] },
      ],
    });
    expect(reportOf([judged]).verdict).toBe('refused');
  });

  it('that changes nothing is in order; one that is not whole is not', () => {
    const verdict = (more: object) => reportOf([judgePlan(policy, bytes(planOf([], more)), 'p')]).verdict;
    expect(verdict({})).toBe('verified');
    expect(verdict({ resource_changes: undefined })).toBe('verified');
    expect(verdict({ errored: true })).toBe('unproven');
    expect(verdict({ complete: false })).toBe('unproven');
    expect(verdict({ deferred_changes: [{ reason: 'x', resource_change: {} }] })).toBe('unproven');
    expect(reportOf([]).verdict).toBe('unproven');
  });

  it.each([
    ['not JSON', '{'],
    ['cut off', JSON.stringify(planOf([bucket('a', ['delete'])])).slice(0, -9)],
    ['a list', '[]'],
    ['a state', { format_version: '1.0', values: {} }],
    ['of a later format', planOf([], { format_version: '2.0' })],
    ['without planned values', planOf([], { planned_values: null })],
    ['with changes that are no list', planOf([], { resource_changes: {} })],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['nested without end', `{"format_version":"1.2","planned_values":${'{"a":'.repeat(200)}1${'}'.repeat(201)}`],
    [
      'with a change twice',
      '{"format_version":"1.2","planned_values":{},"resource_changes":[],"resource_changes":[{"type":"aws_s3_bucket"}]}',
    ],
  ])('%s is refused with an error of its kind', (_, plan) => {
    const given = Buffer.isBuffer(plan) ? plan : bytes(plan);
    expect(() => judgePlan(policy, given, 'p')).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
  });

  it('of 20,000 changes takes no more for each than one of 2,000', () => {
    const timed = (count: number) => {
      const plan = bytes(planOf(Array.from({ length: count }, (_, at) => bucket(`b${at}`, ['delete'], `other-${at}`))));
      const started = performance.now();
      expect(judgePlan(policy, plan, 'p').findings).toEqual([]);
      return (performance.now() - started) / count;
    };
    timed(500);
    // A curve that bends shows as 10; a busy machine does not.
    expect(timed(20_000) / timed(2_000)).toBeLessThan(5);
  });
});

describe('records of CloudTrail', () => {
  const record = (eventName: string, more: object = {}) => ({
    eventID: 'e-1',
    eventTime: '2026-11-01T00:00:00Z',
    eventSource: 's3.amazonaws.com',
    eventName,
    requestParameters: { bucketName: 'acme-ledger', key: 'custody/slots/0' },
    ...more,
  });

  it('tell of what was tried, refused or not', () => {
    const records = [record('DeleteObject', { errorCode: 'AccessDenied' }), record('GetObject'), 'x'];
    const judged = judgeRecords(policy, records, 'log', () => null);
    expect(judged.findings).toEqual([
      {
        source: 'cloudtrail',
        file: 'log',
        what: 'DeleteObject e-1',
        outcome: 'attempted',
        rules: ['operation-not-allowed'],
      },
      { source: 'cloudtrail', file: 'log', what: 'record 3', outcome: 'made', rules: ['record-unreadable'] },
    ]);
    expect(reportOf([judgeRecords(policy, [], 'log', () => null)]).verdict).toBe('unproven');
  });

  it('of a change are in order only with the quorum that the repository knows', () => {
    const rotation = record('RotateKeyOnDemand', { eventSource: 'kms.amazonaws.com', requestID: 'aws-1' });
    const digest = `sha256:${'a'.repeat(64)}` as const;
    const quorum = { requestId: 'r-abcdefghij', digest, action: 'key.rotate', class: 'rotate', approvals: 2 };
    const known = { ...quorum, threshold: 2, executor: 'a', operations: ['RotateKeyOnDemand'], key: 'root' };
    const findings = (facts: typeof known | null) => judgeRecords(policy, [rotation], 'log', () => facts).findings;
    expect(findings(known)).toEqual([]);
    expect(findings(null)).toMatchObject([{ rules: ['operation-not-allowed', 'quorum-missing'] }]);
    expect(findings({ ...known, approvals: 1 })).toMatchObject([{ rules: ['quorum-not-met'] }]);
  });
});

describe('the facts of a plan', () => {
  it('name the buckets of a ledger in S3, and of no other ledger', () => {
    const s3 = { bucket: 'b', region: 'r', key: 'k', writerRoleArns: [], readerRoleArns: [] };
    expect(configOf({ store: 's3', retentionDays: 9, s3 })).toMatchObject({
      ledger: { buckets: ['b'], prefix: 'custody/', retentionDays: 9, key: 'k' },
    });
    const replica = { bucket: 'c', region: 'q' };
    expect(configOf({ store: 's3', retentionDays: 9, s3: { ...s3, prefix: 'x/', replica } })).toMatchObject({
      ledger: { buckets: ['b', 'c'], prefix: 'x/' },
    });
    for (const none of [undefined, { store: 'git', retentionDays: 1 }, { store: 'directory', retentionDays: 1, s3 }])
      expect(configOf(none as never)).toEqual({ ledger: null });
  });
});
