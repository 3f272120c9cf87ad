import type { Service } from '../service.js';
import { lookUp } from './lookup.js';
import type { Trail } from './trail.js';

/** CloudTrail's event history. Trails, data events and Insights do not exist here; every management event does. */
export function createCloudTrail(trail: Trail, delayMillis: number): Service {
  return {
    name: 'cloudtrail',
    settle: () => undefined,
    operations: {
      LookupEvents: (input, call) => {
        call.authorize({ action: 'cloudtrail:LookupEvents', resource: '*', context: {} });
        return lookUp(trail.events(), input, call, delayMillis);
      },
    },
  };
}
