import { expect, it } from 'vitest';
import { addSeconds, type Instant } from '../../../src/lib/base/time.js';
import { type ApprovedCall, mayBePlayedAgain } from '../../../src/lib/inspect/reconcile/approved-call.js';
import { CLOCK_TOLERANCE_SECONDS } from '../../../src/lib/quorum/evidence.js';
import type { TrailEvent } from '../../../src/lib/trail/event.js';
import { NOON } from '../../support/people.js';

const EXECUTOR = 'arn:aws:iam::111122223333:role/custody-executor';
const KEY = '1234abcd-12ab-34cd-56ef-1234567890ab';

const approved = {
  keyId: KEY,
  call: { service: 'kms', region: 'eu-central-1', operation: 'DisableKey', parameters: { KeyId: KEY } },
  case: {
    request: { statement: { predicate: { action: 'key.disable', executor: 'ci', nonce: 'n' } } },
    rules: { roster: { executorRoleArn: EXECUTOR, custodians: [], automation: [] } },
    verdict: {
      intent: { statement: { predicate: { by: 'ci', at: NOON } } },
      receipt: { statement: { predicate: { finishedAt: NOON } } },
    },
  },
} as unknown as ApprovedCall;

const event = (at: Instant) =>
  ({
    name: 'DisableKey',
    region: 'eu-central-1',
    at,
    principalArn: EXECUTOR,
    sourceIdentity: 'ci',
    parameters: { keyId: KEY },
    resources: [],
    answer: {},
  }) as unknown as TrailEvent;

/** A session of the executor lives for 900 seconds: so long after the receipt the approved call can be made a second time. */
it('T10 a second call is the echo of an approval for as long as a session of it may live', () => {
  const after = (seconds: number) => mayBePlayedAgain(approved, event(addSeconds(NOON, seconds)));
  expect([after(0), after(CLOCK_TOLERANCE_SECONDS + 900), after(CLOCK_TOLERANCE_SECONDS + 901)]).toEqual([
    true,
    true,
    false,
  ]);
});
