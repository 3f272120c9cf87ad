import { type Digest, digestOf } from '../base/bytes.js';
import { formatCanonical, type JsonObject } from '../base/canonical-json.js';
import type { Instant } from '../base/time.js';
import { type AppendOptions, appendEvents } from '../ledger/append.js';
import type { LedgerEvent } from '../ledger/entry.js';
import type { LedgerStore } from '../ledger/store.js';
import type { Decision, GuardedCall } from './decision.js';
import { POLICY_SHA256 } from './pinned.js';

/** PORT: where decisions of the guard are kept. What was recorded is durable. */
export interface GuardSink {
  /** @throws CustodyError when it could not be written down */
  record(call: GuardedCall, decision: Decision): Promise<void>;
}

/** The ledger entry of a decision: which call, by which policy, and the digest of its parameters, never what they hold. */
export function guardEvent(call: GuardedCall, decision: Decision, by: string, at: Instant): LedgerEvent {
  const { service, operation, region, purpose, quorum, bucket, key, params } = call;
  const target: JsonObject = service === 's3' ? { bucket, object: key.slice(0, 200) } : { keyId: keyIn(params) };
  const decided = decision.allow ? 'allowed' : 'denied';
  return {
    at,
    kind: 'guard',
    by,
    requestId: quorum?.requestId ?? null,
    record: null,
    facts: {
      ...target,
      decision: decided,
      operation: operation.slice(0, 64),
      parameters: parametersDigest(params),
      policy: `sha256:${POLICY_SHA256}`,
      purpose,
      region,
      rules: decision.rules,
      service,
    },
  };
}

function keyIn({ KeyId }: JsonObject): string | null {
  return typeof KeyId === 'string' ? KeyId.slice(0, 200) : null;
}

function parametersDigest(params: JsonObject): Digest {
  return digestOf(formatCanonical(params));
}

/** Decisions as entries of a ledger, each appended before the call is made. @param by who acts */
export function createLedgerSink(store: LedgerStore, by: string, options: AppendOptions): GuardSink {
  return {
    record: async (call, decision) => {
      await appendEvents(store, [guardEvent(call, decision, by, options.clock.now())], options);
    },
  };
}
