import { GetRoleCommand, IAMClient, ListRolesCommand, TagRoleCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, describe, expect, it } from 'vitest';
import { createInProcessHandler } from '../../../src/lib/sandbox/in-process.js';
import { createSandbox, type Sandbox } from '../../../src/lib/sandbox/sandbox.js';
import { type RunningServer, startServer } from '../../../src/lib/sandbox/server.js';
import { createMemoryStore } from '../../../src/lib/sandbox/state.js';

const REGION = 'eu-central-1';
let server: RunningServer | undefined;

afterEach(async () => {
  await server?.stop(0);
  server = undefined;
});

function keyOf(sandbox: Sandbox, profile: string) {
  const found = sandbox.profiles().find((item) => item.name === profile);
  if (!found) throw new Error(`no profile ${profile}`);
  return { accessKeyId: found.accessKeyId, secretAccessKey: found.secretAccessKey };
}

async function transport(kind: string, sandbox: Sandbox) {
  if (kind === 'in process') {
    return { endpoint: 'http://sandbox.invalid', requestHandler: createInProcessHandler(sandbox) };
  }
  server = await startServer({ sandbox, token: 'x' });
  return { endpoint: server.endpoint };
}

describe.each(['in process', 'over HTTP'])("AWS's own clients, %s", (kind) => {
  it('tell who they are', async () => {
    const sandbox = createSandbox({ store: createMemoryStore() });
    const sts = new STSClient({
      region: REGION,
      credentials: keyOf(sandbox, 'architect'),
      ...(await transport(kind, sandbox)),
    });
    const answer = await sts.send(new GetCallerIdentityCommand({}));
    expect(answer.Arn).toBe('arn:aws:sts::000000000000:assumed-role/SecurityArchitect/architect');
    expect(answer.UserId).toMatch(/^AROA[A-Z0-9]{17}:architect$/);
    expect(answer.Account).toBe('000000000000');
  });

  it('enter the executor from a seat and see its role', async () => {
    const sandbox = createSandbox({ store: createMemoryStore() });
    const common = { region: REGION, ...(await transport(kind, sandbox)) };
    const sts = new STSClient({ ...common, credentials: keyOf(sandbox, 'privacy') });
    const RoleArn = 'arn:aws:iam::000000000000:role/custody-executor';
    const { Credentials, SourceIdentity } = await sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'work', DurationSeconds: 900, SourceIdentity: 'privacy' }),
    );
    expect(SourceIdentity).toBe('privacy');
    expect(Credentials?.Expiration).toBeInstanceOf(Date);
    const iam = new IAMClient({
      ...common,
      region: 'us-east-1',
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
      },
    });
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'custody-executor' }));
    expect(Role?.Arn).toBe(RoleArn);
    expect(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).Statement).toHaveLength(4);
    const denied = iam.send(new TagRoleCommand({ RoleName: 'custody-executor', Tags: [{ Key: 'a', Value: 'b' }] }));
    await expect(denied).rejects.toMatchObject({
      name: 'AccessDenied',
      message:
        'User: arn:aws:sts::000000000000:assumed-role/custody-executor/work is not authorized to perform: iam:TagRole on resource: arn:aws:iam::000000000000:role/custody-executor because no identity-based policy allows the action',
    });
  });

  it('list roles with their creation dates as the admin', async () => {
    const sandbox = createSandbox({ store: createMemoryStore() });
    const iam = new IAMClient({
      region: 'us-east-1',
      credentials: keyOf(sandbox, 'admin'),
      ...(await transport(kind, sandbox)),
    });
    const { Roles } = await iam.send(new ListRolesCommand({}));
    expect(Roles?.map((role) => role.RoleName)).toContain('PrivacyEngineer');
    expect(Roles?.[0]?.CreateDate).toBeInstanceOf(Date);
  });

  it('make a key, encrypt and decrypt under its context', async () => {
    const sandbox = createSandbox({ store: createMemoryStore() });
    const kms = new KMSClient({
      region: REGION,
      credentials: keyOf(sandbox, 'admin'),
      ...(await transport(kind, sandbox)),
    });
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const EncryptionContext = { case: '7' };
    const Plaintext = Buffer.from('secret');
    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({ KeyId: KeyMetadata?.Arn, Plaintext, EncryptionContext }),
    );
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(Plaintext);
    await expect(kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  it('get over a lost answer and give up on a Region that is down', async () => {
    const sandbox = createSandbox({ store: createMemoryStore() });
    const sts = new STSClient({
      region: REGION,
      maxAttempts: 2,
      credentials: keyOf(sandbox, 'admin'),
      ...(await transport(kind, sandbox)),
    });
    sandbox.faults.add({ kind: 'after', operation: 'GetCallerIdentity' });
    const answer = await sts.send(new GetCallerIdentityCommand({}));
    expect(answer.$metadata.attempts).toBe(2);
    sandbox.setRegion(REGION, false);
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'ServiceUnavailable',
      $metadata: { httpStatusCode: 503 },
    });
  });

  it('follow the clock of the sandbox when it is far ahead', async () => {
    const sandbox = createSandbox({ store: createMemoryStore() });
    sandbox.advance(86_400 * 100);
    const sts = new STSClient({
      region: REGION,
      credentials: keyOf(sandbox, 'deputy'),
      ...(await transport(kind, sandbox)),
    });
    const RoleArn = 'arn:aws:iam::000000000000:role/custody-executor';
    for (let turn = 0; turn < 2; turn++) {
      const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'work' }));
      expect(Credentials?.Expiration?.getTime()).toBeGreaterThan(Date.now() + 86_400_000 * 100);
    }
  });
});
