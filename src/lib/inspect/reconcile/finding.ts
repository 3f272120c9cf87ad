import type { Instant } from '../../base/time.js';
import type { TrailEvent } from '../../trail/event.js';

/** `unproven`: nothing wrong was seen, but what would show that it is right is not there. */
export type FindingSeverity = 'critical' | 'high' | 'unproven';

/** THE table of what reconciliation finds. */
export const FINDINGS = {
  /** A change of a key of the plan that no executed request stands for. */
  'unapproved-change': 'critical',
  /** One approved call, made again. */
  'played-twice': 'critical',
  /** By another role or SourceIdentity than the executor that was named. */
  'other-identity': 'critical',
  /** A key policy whose digest is not the approved one. */
  'other-policy': 'critical',
  'other-parameters': 'critical',
  /** Before the approvals, the intent or the end of the cool-off, by CloudTrail's time. */
  'too-early': 'critical',
  /** A receipt names the AWS request id of another call than the approved one. */
  'receipt-of-another-call': 'critical',
  /** Two records with one nonce. */
  'nonce-twice': 'critical',
  /** An approval slot set by somebody else than its seat. */
  'slot-by-another': 'critical',
  /** An approval slot for what its seat has not signed. */
  'slot-without-approval': 'critical',
  'slot-too-early': 'critical',
  /** An approval slot taken away by somebody who is neither its seat nor the executor. */
  'slot-taken-away': 'high',
  /** A receipt says that a call was made, and CloudTrail shows none. */
  'receipt-without-event': 'unproven',
  /** The event does not show what would have to be compared. */
  'not-shown': 'unproven',
} as const satisfies Readonly<Record<string, FindingSeverity>>;

export type FindingId = keyof typeof FINDINGS;

export interface ReconcileFinding {
  readonly id: FindingId;
  readonly severity: FindingSeverity;
  /** `PutKeyPolicy case-data`. */
  readonly what: string;
  readonly who: string;
  readonly when: Instant | null;
  /** Empty for what happened in the repository alone. */
  readonly region: string;
  /** CloudTrail's; null where there is no event. */
  readonly eventId: string | null;
  /** The custody request that it is about, where there is one. */
  readonly request: string | null;
  readonly because: string;
}

type About = Pick<ReconcileFinding, 'what' | 'because'> & { readonly request?: string };

/** A finding about one event: who, when and where are the event's. */
export function eventFinding(id: FindingId, event: TrailEvent, { what, because, request = undefined }: About) {
  return finding(id, {
    what,
    who: whoOf(event),
    when: event.at,
    region: event.region,
    eventId: event.id,
    request: request ?? null,
    because,
  });
}

export function finding(id: FindingId, fields: Omit<ReconcileFinding, 'id' | 'severity'>): ReconcileFinding {
  return { id, severity: FINDINGS[id], ...fields };
}

/** Role and SourceIdentity, or whatever CloudTrail says instead. */
export function whoOf({ principalArn, sourceIdentity, sessionName, invokedBy }: TrailEvent): string {
  const role = principalArn?.replace(/^arn:[a-z-]+:(?:iam|sts)::\d{12}:/, '') ?? invokedBy ?? 'unknown';
  const via = principalArn !== null && invokedBy !== null ? ` through ${invokedBy}` : '';
  if (sourceIdentity !== null) return `${sourceIdentity} in ${role}${via}`;
  return sessionName === null ? `${role}${via}` : `session ${sessionName} of ${role}${via}`;
}
