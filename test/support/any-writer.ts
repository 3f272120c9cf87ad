import { readFileSync } from 'node:fs';
import type { AwsConnection } from '../../src/lib/aws/connection.js';
import { createKeyWriter } from '../../src/lib/aws/kms-writer.js';
import { isKeyArn, type KeyWriter } from '../../src/lib/key/key.js';
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
  return { call: (call) => createKeyWriter(aws, warrantFor(call.operation, call.parameters)).call(call) };
}
