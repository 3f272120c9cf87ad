import type { JsonObject } from '../../base/canonical-json.js';
import { Table } from '../kms/table.js';
import { type Call, type Service, ServiceError, type StateStore } from '../service.js';
import { createDelivery, type Delivery } from './delivery.js';
import { lookUp } from './lookup.js';
import type { Trail } from './trail.js';
import type { AskS3, TrailRow } from './trail-row.js';
import { trailOperations } from './trails.js';

export interface CloudTrailOptions {
  readonly store: StateStore;
  readonly account: string;
  readonly regions: readonly string[];
  readonly history: Trail;
  /** How old an event is when LookupEvents first shows it. */
  readonly delaySeconds: number;
  readonly ask: AskS3;
}

/**
 * CloudTrail's event history, and trails of management events, which put log files and digests into a bucket. Data events of S3 are
 * kept beside the history, for `custody sandbox events`; no trail delivers them. Insights do not exist here.
 */
export function createCloudTrail({ store, account, regions, history, delaySeconds, ask }: CloudTrailOptions): Service {
  const trails = new Table<TrailRow>(store, 'cloudtrail.trails');
  const delivery = createDelivery({ store, history, trails, regions, ask });
  history.onForget(delivery.deliver);
  return {
    name: 'cloudtrail',
    // Nobody sees a bucket but through S3: until then nothing needs to lie there.
    settle: (nowMillis, asked) => {
      if (asked === 's3') delivery.deliver(nowMillis);
    },
    operations: {
      ...trailOperations({ account, regions, history, trails, delivery, ask }),
      ListPublicKeys: (input, call) => listPublicKeys(delivery, input, call),
      LookupEvents: (input, call) => {
        call.authorize({ action: 'cloudtrail:LookupEvents', resource: '*', context: {} });
        return lookUp(history.events(), input, call, delaySeconds * 1000);
      },
    },
  };
}

/** "Returns all public keys whose private keys were used to sign the digest files within the specified time range." */
function listPublicKeys(delivery: Delivery, input: JsonObject, call: Call): JsonObject {
  call.authorize({ action: 'cloudtrail:ListPublicKeys', resource: '*', context: {} });
  delivery.deliver(call.nowMillis);
  const { StartTime: from = call.nowMillis / 1000, EndTime: until = call.nowMillis / 1000, NextToken = null } = input;
  if (NextToken !== null) throw new ServiceError('InvalidTokenException', 'The token is not valid.');
  if (typeof from !== 'number' || typeof until !== 'number' || from > until)
    throw new ServiceError('InvalidTimeRangeException', 'StartTime must be before EndTime.');
  return {
    PublicKeyList: delivery.keys(call.region, from * 1000, until * 1000).map((key) => ({
      Value: key.publicKey,
      ValidityStartTime: Math.floor(key.fromMillis / 1000),
      ValidityEndTime: Math.floor(key.untilMillis / 1000),
      Fingerprint: key.fingerprint,
    })),
  };
}
