import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { createInProcessHandler } from '../../../src/lib/sandbox/in-process.js';
import type { Sandbox } from '../../../src/lib/sandbox/sandbox.js';

const RoleName = 'replication';

/** The role that S3 replicates in, made at first, with these statements from now on. @returns its ARN */
export async function putReplicationRole(sandbox: Sandbox, statements: readonly object[]): Promise<string> {
  const admin = sandbox.profiles().find(({ name }) => name === 'admin');
  if (admin === undefined) throw new Error('the sandbox has no administrator');
  const iam = new IAMClient({
    region: 'us-east-1',
    credentials: admin,
    maxAttempts: 1,
    requestHandler: createInProcessHandler(sandbox),
  });
  const trust = { Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const document = (Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
  const made = iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document([trust]) }));
  await made.catch((cause: Error) => {
    if (cause.name !== 'EntityAlreadyExistsException') throw cause;
  });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument: document(statements) }));
  iam.destroy();
  return `arn:aws:iam::${sandbox.account}:role/${RoleName}`;
}
