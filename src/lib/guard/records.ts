import type { JsonValue } from '../base/canonical-json.js';
import { isObject } from '../base/fields.js';
import type { QuorumFacts } from '../key/warrant.js';
import { eventOf, type TrailEvent } from '../trail/event.js';
import type { Policy } from './policy.js';
import { type Judged, Tally } from './report.js';

/** What the repository knows of the request behind a call; null where it knows none. */
export type QuorumOf = (event: TrailEvent) => QuorumFacts | null;

/** Every record of CloudTrail, each judged by itself. */
export function judgeRecords(policy: Policy, records: readonly unknown[], file: string, quorumOf: QuorumOf): Judged {
  const tally = new Tally();
  for (const [at, record] of records.entries()) {
    const event = eventOf(record);
    const quorum = event === null ? null : quorumOf(event);
    const decision = policy.decide('cloudtrail', {
      record: isObject(record) ? (record as JsonValue) : null,
      quorum: quorum === null ? null : { ...quorum },
    });
    const what = event === null ? `record ${at + 1}` : `${event.name} ${event.id}`.slice(0, 200);
    tally.add(decision, { source: 'cloudtrail', file, what, outcome: decision.outcome });
  }
  return tally.end(false);
}
