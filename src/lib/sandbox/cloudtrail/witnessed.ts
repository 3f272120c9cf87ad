import type { JsonObject } from '../../base/canonical-json.js';
import type { Call, Service, ServiceError } from '../service.js';
import type { Session } from '../sts/session.js';

/** What became of an API call. */
export type Outcome = { readonly answer: JsonObject } | { readonly error: ServiceError };

/** One authenticated API call as CloudTrail saw it. */
export interface Witnessed {
  readonly service: Service['name'];
  readonly operation: string;
  readonly input: JsonObject;
  readonly call: Call;
  /** Null for a caller who came without AWS credentials (AssumeRoleWithWebIdentity). */
  readonly session: Session | null;
  readonly userAgent: string;
  /** ARNs about which authorization was asked, in order. */
  readonly resources: readonly string[];
  /** What the operation itself wants said: `additionalEventData`. */
  readonly notes: JsonObject;
  readonly outcome: Outcome;
  /** Another service made the call for the caller. */
  readonly internal?: true;
}

/** Something that a service did by itself because time had come: an event of type AwsServiceEvent. */
export interface ServiceEvent {
  readonly service: Service['name'];
  readonly name: string;
  readonly region: string;
  readonly atMillis: number;
  readonly resourceArn: string;
  readonly details: JsonObject | null;
}
