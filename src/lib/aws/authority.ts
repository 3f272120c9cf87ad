import { CustodyError } from '../base/errors.js';
import type { CallerIdentity, ExecutorSession, KeyAuthority, KeyWriter } from '../key/key.js';
import type { AwsConnection } from './connection.js';
import type { Credentials } from './credentials.js';
import { createKeyWriter } from './kms-writer.js';

/** The least that STS gives: 15 minutes. */
const SESSION_SECONDS = 900;
const ROLE_ARN = /^arn:(aws|aws-cn|aws-us-gov):iam::(\d{12}):role\/(?:[\w+=,.@-]+\/)*([\w+=,.@-]{1,64})$/;
const CALLER_ARN = /^arn:(aws|aws-cn|aws-us-gov):(?:sts|iam)::(\d{12}):[\w+=,.@:/-]+$/;

/** Identities at AWS through STS and IAM. */
export function createKeyAuthority(aws: AwsConnection): KeyAuthority {
  return {
    whoAmI: () => whoAmI(aws),
    roleId: (roleArn) => roleId(aws, roleArn),
    assumeExecutor: (session) => assumeExecutor(aws, session),
    own: () => createKeyWriter(aws),
  };
}

async function whoAmI(aws: AwsConnection): Promise<CallerIdentity> {
  const { output, serverTime } = await aws
    .sts()
    .read('GetCallerIdentity', (sdk, client) => client.send(new sdk.GetCallerIdentityCommand({})));
  const arn = output.Arn ?? '';
  const [, partition, account] = CALLER_ARN.exec(arn) ?? [];
  if (partition === undefined || account === undefined || account !== output.Account) {
    throw new CustodyError('UNAVAILABLE', "AWS's answer to GetCallerIdentity is incomplete");
  }
  return { account, partition, arn, serverTime };
}

async function roleId(aws: AwsConnection, roleArn: string): Promise<string | null> {
  const RoleName = ROLE_ARN.exec(roleArn)?.[3];
  if (RoleName === undefined) throw new CustodyError('USAGE', `not the ARN of an IAM role: ${roleArn.slice(0, 100)}`);
  try {
    const { output } = await aws
      .iam()
      .read('GetRole', (sdk, client) => client.send(new sdk.GetRoleCommand({ RoleName })));
    // IAM finds roles by name, in the caller's account and in any path: only this very ARN counts (T58).
    return output.Role?.Arn === roleArn ? (output.Role.RoleId ?? null) : null;
  } catch (error) {
    if (error instanceof CustodyError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

async function assumeExecutor(aws: AwsConnection, session: ExecutorSession): Promise<KeyWriter> {
  assertSession(aws, session);
  const { output } = await aws.sts().read('AssumeRole', (sdk, client) =>
    client.send(
      new sdk.AssumeRoleCommand({
        RoleArn: session.roleArn,
        RoleSessionName: session.sessionName,
        SourceIdentity: session.sourceIdentity,
        DurationSeconds: SESSION_SECONDS,
        Policy: sessionPolicy(session),
      }),
    ),
  );
  // A session of someone else, or without the identity, would put the change in the wrong name (T52).
  if (output.SourceIdentity !== session.sourceIdentity) {
    throw new CustodyError('REFUSED', 'the session of the executor does not carry the identity asked for', {
      details: { expected: session.sourceIdentity, found: output.SourceIdentity ?? null },
    });
  }
  return createKeyWriter(aws.withCredentials(credentialsOf(output.Credentials)));
}

function assertSession(aws: AwsConnection, { roleArn, actions, resources }: ExecutorSession): void {
  const account = ROLE_ARN.exec(roleArn)?.[2];
  if (account !== aws.account) {
    throw new CustodyError('REFUSED', 'the executor role is not in the plan’s account', {
      details: { expected: aws.account, found: account ?? null, roleArn },
    });
  }
  // An empty list is an invalid policy to STS; a forgotten one must not become "everything".
  if (actions.length === 0 || resources.length === 0) {
    throw new CustodyError('BUG', 'a session of the executor needs actions and resources');
  }
}

function sessionPolicy({ actions, resources, unscoped = [] }: ExecutorSession): string {
  const scoped = { Effect: 'Allow', Action: actions, Resource: resources };
  const open = { Effect: 'Allow', Action: unscoped, Resource: ['*'] };
  return JSON.stringify({ Version: '2012-10-17', Statement: unscoped.length > 0 ? [scoped, open] : [scoped] });
}

function credentialsOf(
  found: {
    AccessKeyId?: string | undefined;
    SecretAccessKey?: string | undefined;
    SessionToken?: string | undefined;
  } = {},
): Credentials {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = found;
  if (!accessKeyId || !secretAccessKey || !sessionToken) {
    throw new CustodyError('UNAVAILABLE', "AWS's answer to AssumeRole is incomplete");
  }
  return { accessKeyId, secretAccessKey, sessionToken };
}
