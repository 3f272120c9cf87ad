import { readFileSync } from 'node:fs';
import type { AwsConnection } from '../../src/lib/aws/connection.js';
import { createKeyWriter } from '../../src/lib/aws/kms-writer.js';
import { type AwsAnswer, type AwsCall, isKeyArn, type KeyWriter } from '../../src/lib/key/key.js';
import type { Warrant } from '../../src/lib/key/warrant.js';

const { operations } = JSON.parse(
  readFileSync(new URL('../../policies/vectors/operations.json', import.meta.url), 'utf8'),
);
const ACTIONS = Object.entries(operations.actions as Record<string, { class: string; calls: string[] }>);

/** A warrant under which the guard lets `operation` through, as if a quorum had said so. */
export function warrantFor(operation: string, parameters: object = {}): Warrant {
  const KeyId = 'KeyId' in parameters ? parameters.KeyId : null;
  // Tests that delete soon are not about the quorum.
  if (operation === 'ScheduleKeyDeletion' && isKeyArn(KeyId)) return { purpose: 'drill.scratch', scratch: KeyId };
  const [action, row] = ACTIONS.find(([, { calls }]) => calls.includes(operation)) ?? [
    'key.rotate',
    { class: 'rotate' },
  ];
  const veto = row.class === 'veto';
  const digest = `sha256:${'a'.repeat(64)}` as const;
  const quorum = { requestId: 'r-aaaaaaaaaa', digest, action, class: row.class, approvals: 2, threshold: 2 };
  return {
    purpose: veto ? 'veto' : 'execute',
    quorum: { ...quorum, executor: 'custodian-1', operations: [operation], key: 'case-data' },
  };
}

/** Makes any call that a quorum could have let through: for tests of what lies behind the guard. */
export function anyWriter(aws: AwsConnection): KeyWriter {
  return {
    call: (call) =>
      call.parameters.BypassPolicyLockoutSafetyCheck === undefined
        ? createKeyWriter(aws, warrantFor(call.operation, call.parameters)).call(call)
        : byAnotherTool(aws, call),
  };
}

/** What the guard lets nobody do is done as another tool would: by a client without it. */
async function byAnotherTool(aws: AwsConnection, { region, operation, parameters }: AwsCall): Promise<AwsAnswer> {
  const answered = await aws.kms(region).once(operation, (sdk, { config }) => {
    const { credentials, endpoint, requestHandler } = config;
    const client = new sdk.KMSClient({
      region,
      credentials,
      requestHandler,
      maxAttempts: 1,
      ...(endpoint && { endpoint }),
    });
    const Command = sdk[`${operation}Command` as 'CreateKeyCommand'];
    return client.send(new Command(parameters as object));
  });
  const { requestId, serverTime, output } = answered;
  return { requestId, serverTime, answer: JSON.parse(JSON.stringify(output)) };
}
