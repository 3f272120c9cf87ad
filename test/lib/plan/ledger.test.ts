import { describe, expect, it } from 'vitest';
import type { LedgerPlan } from '../../../src/lib/plan/plan.js';
import { planFaults } from '../../../src/lib/plan/rules.js';
import { draft } from './fixture.js';

const { plan } = draft();
const role = (name: string, account = plan.account) => `arn:aws:iam::${account}:role/${name}`;
const S3 = {
  bucket: 'acme-audit',
  region: plan.regions.primary,
  key: 'audit-ledger',
  writerRoleArns: [role('ledger-w')],
  readerRoleArns: [role('ledger-r')],
};
const faultsOf = (ledger: LedgerPlan) => planFaults({ ...plan, ledger }).map(({ path }) => path);
const inS3 = (change: object): LedgerPlan => ({ store: 's3', retentionDays: 30, s3: { ...S3, ...change } });

describe('the ledger of a plan', () => {
  it.each<[string, LedgerPlan]>([
    ['git', { store: 'git', retentionDays: 30 }],
    ['directory', { store: 'directory', retentionDays: 30, directory: '/var/ledger' }],
    ['S3', inS3({})],
    ['S3 with a copy', inS3({ replica: { bucket: 'acme-copy', region: 'eu-west-1' } })],
  ])('in %s is sound', (_, ledger) => expect(faultsOf(ledger)).toEqual([]));

  it.each<[string, LedgerPlan, string]>([
    ['a folder without its path', { store: 'directory', retentionDays: 30 }, 'ledger.directory'],
    ['git with a folder', { store: 'git', retentionDays: 30, directory: '/x' }, 'ledger.directory'],
    ['git with a bucket', { store: 'git', retentionDays: 30, s3: S3 }, 'ledger.s3'],
    ['S3 without a bucket', { store: 's3', retentionDays: 30 }, 'ledger.s3'],
    ['a key that is not planned', inS3({ key: 'nobody' }), 'ledger.s3.key'],
    [
      'a writer of another account',
      inS3({ writerRoleArns: [role('w', '999999999999')] }),
      'ledger.s3.writerRoleArns[0]',
    ],
    [
      'a reader of another account',
      inS3({ readerRoleArns: [role('r', '999999999999')] }),
      'ledger.s3.readerRoleArns[0]',
    ],
    ['a writer who reads', inS3({ readerRoleArns: [role('ledger-w')] }), 'ledger.s3 role 2'],
    ['a copy beside it', inS3({ replica: { bucket: 'b-c', region: S3.region } }), 'ledger.s3.replica.region'],
  ])('%s is a fault', (_, ledger, path) => expect(faultsOf(ledger)).toEqual([path]));
});
