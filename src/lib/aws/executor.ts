import { CustodyError } from '../base/errors.js';
import type { ExecutorSession } from '../key/key.js';
import type { AwsConnection } from './connection.js';
import type { Credentials } from './credentials.js';
import { roleIn } from './role-arn.js';

/** The least that STS gives: 15 minutes. */
const SESSION_SECONDS = 900;

/**
 * The way to AWS in a session of an executor role, limited to what the session names.
 * @throws CustodyError REFUSED for a role of another account, or a session that is not in the caller's name
 */
export async function enterExecutor(aws: AwsConnection, session: ExecutorSession): Promise<AwsConnection> {
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
  return aws.withCredentials(credentialsOf(output.Credentials));
}

function assertSession(aws: AwsConnection, { roleArn, actions, resources }: ExecutorSession): void {
  const account = roleIn(roleArn)?.account;
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
