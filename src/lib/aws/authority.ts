import { CustodyError } from '../base/errors.js';
import type { CallerIdentity, KeyAuthority } from '../key/key.js';
import type { AwsConnection } from './connection.js';
import { enterExecutor } from './executor.js';
import { createKeyWriter } from './kms-writer.js';
import { nameOfRole } from './role-arn.js';

const CALLER_ARN = /^arn:(aws|aws-cn|aws-us-gov):(?:sts|iam)::(\d{12}):[\w+=,.@:/-]+$/;

/** Identities at AWS through STS and IAM. */
export function createKeyAuthority(aws: AwsConnection): KeyAuthority {
  return {
    whoAmI: () => whoAmI(aws),
    roleId: (roleArn) => roleId(aws, roleArn),
    assertAllowable: (calls, warrant) => aws.assertAllowable(calls, warrant),
    assumeExecutor: async (session, warrant) => createKeyWriter(await enterExecutor(aws, session), warrant),
    own: (warrant) => createKeyWriter(aws, warrant),
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
  const RoleName = nameOfRole(roleArn);
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
