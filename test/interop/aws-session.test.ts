import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Serving, serve } from '../../src/lib/sandbox/serve.js';
import { PACKAGE_ROOT } from '../support/built.js';
import { awsEnvironment } from '../support/python-peer.js';

const run = promisify(execFile);
const aws = process.env.CUSTODY_PEER_AWS;

const KEY_ID = expect.stringMatching(/^mrk-[0-9a-f]{32}$/);
const DIGEST = expect.stringMatching(/^[0-9a-f]{64}$/);
// This CLI prints instants as they come: epoch seconds.
const DATE = expect.any(Number);
const arn = (region: string) => expect.stringMatching(new RegExp(`^arn:aws:kms:${region}:000000000000:key/mrk-`));
const SETS = {
  MultiRegionKeyType: expect.any(String),
  PrimaryKey: { Arn: arn('eu-central-1'), Region: 'eu-central-1' },
  ReplicaKeys: [{ Arn: arn('eu-west-1'), Region: 'eu-west-1' }],
};
const METADATA = {
  AWSAccountId: '000000000000',
  KeyId: KEY_ID,
  Arn: arn('eu-(central|west)-1'),
  CreationDate: DATE,
  Enabled: true,
  KeyUsage: 'ENCRYPT_DECRYPT',
  KeyState: 'Enabled',
  Origin: 'AWS_KMS',
  KeyManager: 'CUSTOMER',
  CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
  KeySpec: 'SYMMETRIC_DEFAULT',
  EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
  MultiRegion: true,
  CurrentKeyMaterialId: DIGEST,
};

/** What each file of the session must hold: these members and no others. The CLI reads lists to their end and drops `Truncated`. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  aliases: {
    Aliases: [
      {
        AliasName: 'alias/case-data',
        AliasArn: 'arn:aws:kms:eu-central-1:000000000000:alias/case-data',
        TargetKeyId: KEY_ID,
        CreationDate: DATE,
        LastUpdatedDate: DATE,
      },
    ],
  },
  'got-policy': { Policy: expect.stringContaining('"Administrators"'), PolicyName: 'default' },
  'rotation-status': { KeyId: KEY_ID, KeyRotationEnabled: true, RotationPeriodInDays: 180, NextRotationDate: DATE },
  rotate: { KeyId: KEY_ID },
  rotations: {
    Rotations: [
      { KeyId: KEY_ID, KeyMaterialId: DIGEST, KeyMaterialState: 'NON_CURRENT' },
      {
        KeyId: KEY_ID,
        KeyMaterialId: DIGEST,
        KeyMaterialState: 'CURRENT',
        RotationDate: DATE,
        RotationType: 'ON_DEMAND',
      },
    ],
  },
  replicate: {
    ReplicaKeyMetadata: {
      ...METADATA,
      Enabled: false,
      KeyState: 'Creating',
      Description: '',
      MultiRegionConfiguration: { ...SETS, MultiRegionKeyType: 'REPLICA' },
    },
    ReplicaPolicy: expect.stringContaining('"Administrators"'),
    ReplicaTags: [],
  },
  decrypt: {
    KeyId: arn('eu-west-1'),
    Plaintext: Buffer.from('the file of case 7').toString('base64'),
    EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    KeyMaterialId: DIGEST,
  },
  grant: { GrantId: DIGEST, GrantToken: expect.any(String) },
  grants: {
    Grants: [
      {
        KeyId: arn('eu-central-1'),
        GrantId: DIGEST,
        Name: 'peer',
        CreationDate: DATE,
        GranteePrincipal: 'arn:aws:iam::000000000000:role/app',
        IssuingAccount: 'arn:aws:iam::000000000000:root',
        Operations: ['Decrypt', 'DescribeKey'],
        Constraints: { EncryptionContextSubset: { case: '7' } },
      },
    ],
  },
  schedule: { KeyId: arn('eu-west-1'), DeletionDate: DATE, KeyState: 'PendingDeletion', PendingWindowInDays: 7 },
  cancel: { KeyId: arn('eu-west-1') },
  replica: {
    KeyMetadata: {
      ...METADATA,
      Description: '',
      MultiRegionConfiguration: { ...SETS, MultiRegionKeyType: 'REPLICA' },
    },
  },
  primary: {
    KeyMetadata: {
      ...METADATA,
      Description: 'Case data',
      MultiRegionConfiguration: { ...SETS, MultiRegionKeyType: 'PRIMARY' },
    },
  },
};

/** A script of `aws` commands as it would run at AWS: only the profile and where it is kept are set. The CLI's path comes in CUSTODY_PEER_AWS. */
describe.skipIf(!aws)(`an AWS CLI session${aws ? '' : ' (skipped: CUSTODY_PEER_AWS is not set)'}`, () => {
  let dir: string;
  let serving: Serving;
  const read = (name: string) => readFileSync(join(dir, name), 'utf8');

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'custody-session-'));
    serving = await serve({ dir: join(dir, 'sandbox') });
    const env = { ...awsEnvironment(serving.info, 'admin'), AWS_PAGER: '' };
    const PATH = [dirname(aws ?? ''), process.env.PATH].join(delimiter);
    const script = join(PACKAGE_ROOT, 'test/interop/peer/session.sh');
    await run('bash', [script], { cwd: dir, env: { ...env, PATH }, timeout: 240_000 });
  }, 300_000);

  afterAll(async () => {
    await serving?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it.each(Object.entries(ANSWERS))('answers %s in AWS’s shape', (name, expected) => {
    expect(JSON.parse(read(`${name}.json`))).toEqual(expected);
  });

  it('opens in another Region, by grant too, and by nothing less', () => {
    expect(read('by-grant.txt')).toBe('the file of case 7');
    expect(read('no-context.txt')).toContain('InvalidCiphertextException');
    expect(read('no-grant.txt')).toMatch(/AccessDeniedException.*is not authorized to perform: kms:Decrypt/s);
  });
});
