import type { JsonObject } from '../base/canonical-json.js';
import { type Authority, accessDenied, type Circumstances } from './authority.js';
import type { Authorization, Call, Caller } from './service.js';
import type { Session } from './sts/session.js';
import type { Dialect } from './wire/faults.js';
import type { HttpRequest } from './wire/message.js';

/** Where a call comes from. */
export interface Origin {
  readonly caller: Caller;
  /** Null for a caller without AWS credentials. */
  readonly session: Session | null;
  readonly region: string;
  readonly request: Pick<HttpRequest, 'sourceIp'>;
  readonly requestId: string;
  readonly dialect: Dialect;
}

/** A call, and what is seen of it while it is carried out. */
export interface OpenCall {
  readonly call: Call;
  /** ARNs about which authorization was asked. */
  readonly resources: readonly string[];
  /** What the operation noted about itself. */
  notes(): JsonObject;
}

/** Opens a call whose questions the authority answers. */
export function openCall(authority: Authority, nowMillis: number, origin: Origin): OpenCall {
  const { caller, session, region, request, requestId, dialect } = origin;
  const { sourceIp } = request;
  const circumstances: Circumstances = {
    caller,
    sessionPolicies: sessionPoliciesOf(session),
    region,
    nowMillis,
    sourceIp,
  };
  const resources: string[] = [];
  let notes: JsonObject = {};
  const decide = (question: Authorization) => authority.decide(question, circumstances);
  const call: Call = {
    region,
    caller,
    nowMillis,
    requestId,
    sourceIp,
    allows: (question) => decide(question).allowed,
    authorize: (question) => {
      resources.push(question.resource);
      const decision = decide(question);
      if (!decision.allowed) throw accessDenied(caller, question, decision, dialect);
    },
    note: (facts) => {
      notes = { ...notes, ...facts };
    },
  };
  return { call, resources, notes: () => notes };
}

/** The inline session policy, and the managed ones as they were when the session began. */
function sessionPoliciesOf(session: Session | null): readonly string[] {
  if (session === null) return [];
  return [...(session.policy === null ? [] : [session.policy]), ...(session.managedPolicies ?? [])];
}
