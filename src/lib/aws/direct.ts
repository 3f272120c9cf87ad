import type { AwsConnection } from './connection.js';
import { underWarrant } from './guard.js';

/** Operations that a rehearsal calls past the tool: to use a key as an application does, and to try to go around it. */
const COMMANDS = [
  'EncryptCommand',
  'DecryptCommand',
  'GenerateDataKeyWithoutPlaintextCommand',
  'RotateKeyOnDemandCommand',
  'PutKeyPolicyCommand',
  'ScheduleKeyDeletionCommand',
] as const;

export type DirectOperation = (typeof COMMANDS)[number] extends `${infer Name}Command` ? Name : never;

/**
 * One call to KMS, once, as any AWS tool would make it.
 * @throws CustodyError as `KeyWriter.call` does: DENIED when AWS says no
 */
export async function callDirectly(
  aws: AwsConnection,
  region: string,
  operation: DirectOperation,
  parameters: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  // The guard lets attacks through for this purpose alone, and only to the sandbox.
  const { output } = await underWarrant({ purpose: 'rehearse.attack' }, () =>
    aws.kms(region).once(operation, (sdk, client) => {
      const Command = sdk[`${operation}Command`] as unknown as new (
        input: unknown,
      ) => InstanceType<typeof sdk.DecryptCommand>;
      return client.send(new Command(parameters));
    }),
  );
  return output as unknown as Record<string, unknown>;
}

/** Gives a role an inline policy (IAM's PutRolePolicy), as its administrator would. @throws CustodyError as above */
export async function putRolePolicy(
  aws: AwsConnection,
  { role, policy, document }: { readonly role: string; readonly policy: string; readonly document: string },
): Promise<void> {
  const input = { RoleName: role, PolicyName: policy, PolicyDocument: document };
  await aws.iam().once('PutRolePolicy', (sdk, client) => client.send(new sdk.PutRolePolicyCommand(input)));
}
