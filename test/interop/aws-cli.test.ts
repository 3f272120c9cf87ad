import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Serving, serve } from '../../src/lib/sandbox/serve.js';

const run = promisify(execFile);
const aws = process.env.CUSTODY_PEER_AWS;

/** The AWS CLI, an independent client of the wire protocols (botocore); its path comes in CUSTODY_PEER_AWS. */
describe.skipIf(!aws)(`the AWS CLI against the sandbox${aws ? '' : ' (skipped: CUSTODY_PEER_AWS is not set)'}`, () => {
  let dir: string;
  let serving: Serving;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'custody-aws-cli-'));
    serving = await serve({ dir });
  });

  afterAll(async () => {
    await serving?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function cli(profile: string, ...args: string[]): Promise<Record<string, unknown>> {
    const env = {
      PATH: process.env.PATH,
      HOME: dir,
      AWS_CONFIG_FILE: serving.info.configFile,
      AWS_SHARED_CREDENTIALS_FILE: serving.info.credentialsFile,
      AWS_PROFILE: profile,
      AWS_MAX_ATTEMPTS: '1',
      AWS_PAGER: '',
    };
    const { stdout } = await run(aws ?? '', args, { env, timeout: 60_000 });
    return stdout.trim() === '' ? {} : JSON.parse(stdout);
  }

  it('says who the profile is', async () => {
    expect(await cli('privacy', 'sts', 'get-caller-identity')).toMatchObject({
      Account: '000000000000',
      Arn: 'arn:aws:sts::000000000000:assumed-role/PrivacyEngineer/privacy',
    });
  });

  it('makes a key, names it, lists it, encrypts and decrypts', async () => {
    const { KeyMetadata } = (await cli('admin', 'kms', 'create-key')) as {
      KeyMetadata: { KeyId: string; Arn: string };
    };
    await cli('admin', 'kms', 'create-alias', '--alias-name', 'alias/peer', '--target-key-id', KeyMetadata.KeyId);
    const { Aliases } = (await cli('admin', 'kms', 'list-aliases')) as { Aliases: unknown[] };
    expect(Aliases).toContainEqual(
      expect.objectContaining({ AliasName: 'alias/peer', TargetKeyId: KeyMetadata.KeyId }),
    );
    writeFileSync(join(dir, 'plain'), 'case 7');
    const context = ['--encryption-context', 'case=7'];
    const sealed = await cli(
      'admin',
      'kms',
      'encrypt',
      '--key-id',
      'alias/peer',
      '--plaintext',
      `fileb://${dir}/plain`,
      ...context,
    );
    writeFileSync(join(dir, 'blob'), Buffer.from(String(sealed.CiphertextBlob), 'base64'));
    const opened = await cli('admin', 'kms', 'decrypt', '--ciphertext-blob', `fileb://${dir}/blob`, ...context);
    expect(opened).toMatchObject({ Plaintext: Buffer.from('case 7').toString('base64'), KeyId: KeyMetadata.Arn });
    await expect(cli('admin', 'kms', 'decrypt', '--ciphertext-blob', `fileb://${dir}/blob`)).rejects.toThrow(
      /InvalidCiphertext/,
    );
  });

  it('enters the executor and is refused, in AWS words, what it may not', async () => {
    const roleArn = 'arn:aws:iam::000000000000:role/custody-executor';
    const enter = ['sts', 'assume-role', '--role-arn', roleArn, '--role-session-name', 'work', '--duration-seconds'];
    const entered = await cli('deputy', ...enter, '900', '--source-identity', 'deputy');
    expect(entered).toMatchObject({
      SourceIdentity: 'deputy',
      AssumedRoleUser: { Arn: expect.stringContaining('/work') },
    });
    await expect(cli('outsider', ...enter, '900')).rejects.toThrow(
      /AccessDenied.*is not authorized to perform: sts:AssumeRole/,
    );
    await expect(cli('deputy', ...enter, '899')).rejects.toThrow(/Invalid|Validation|900/);
  });

  it('reads, tags and untags a role', async () => {
    await cli('admin', 'iam', 'tag-role', '--role-name', 'custody-executor', '--tags', 'Key=custody:a:b,Value=1 + 2');
    const { Role } = (await cli('admin', 'iam', 'get-role', '--role-name', 'custody-executor')) as {
      Role: { Tags: unknown };
    };
    expect(Role.Tags).toEqual([{ Key: 'custody:a:b', Value: '1 + 2' }]);
    await cli('admin', 'iam', 'untag-role', '--role-name', 'custody-executor', '--tag-keys', 'custody:a:b');
    expect(await cli('admin', 'iam', 'list-role-tags', '--role-name', 'custody-executor')).toMatchObject({ Tags: [] });
  });

  it('keeps objects in a bucket under Object Lock, and cannot delete a version', async () => {
    const bucket = ['--bucket', 'peer-ledger'];
    const constraint = ['--create-bucket-configuration', 'LocationConstraint=eu-central-1'];
    await cli('admin', 's3api', 'create-bucket', ...bucket, ...constraint, '--object-lock-enabled-for-bucket');
    const lock = 'ObjectLockEnabled=Enabled,Rule={DefaultRetention={Mode=COMPLIANCE,Days=2}}';
    await cli('admin', 's3api', 'put-object-lock-configuration', ...bucket, '--object-lock-configuration', lock);
    writeFileSync(join(dir, 'entry'), 'an entry');
    const object = [...bucket, '--key', 'slots/a b+c'];
    const put = ['s3api', 'put-object', ...object, '--body', join(dir, 'entry'), '--if-none-match', '*'];
    const { VersionId } = await cli('admin', ...put);
    await expect(cli('admin', ...put)).rejects.toThrow(/PreconditionFailed/);
    await cli('admin', 's3api', 'get-object', ...object, join(dir, 'back'));
    expect(readFileSync(join(dir, 'back'), 'utf8')).toBe('an entry');
    const version = [...object, '--version-id', String(VersionId)];
    await expect(cli('admin', 's3api', 'delete-object', ...version)).rejects.toThrow(/AccessDenied.*object lock/);
    const bypass = ['--bypass-governance-retention'];
    await expect(cli('admin', 's3api', 'delete-object', ...version, ...bypass)).rejects.toThrow(/AccessDenied/);
    await cli('admin', 's3api', 'delete-object', ...object);
    const listed = await cli('admin', 's3api', 'list-object-versions', ...bucket);
    expect(listed).toMatchObject({ Versions: [{ VersionId }], DeleteMarkers: [{ IsLatest: true }] });
    await expect(cli('admin', 's3api', 'get-bucket-acl', ...bucket)).rejects.toThrow(/NotImplemented/);
  });

  it('carries text that XML must escape', async () => {
    const trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:*"}]}';
    const text = 'a & <b> "c"';
    const named = ['--role-name', 'peer', '--assume-role-policy-document', trust, '--description', text];
    expect(await cli('admin', 'iam', 'create-role', ...named)).toMatchObject({ Role: { Description: text } });
  });
});
