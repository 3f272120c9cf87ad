import { type QuotedRequest, REQUEST_QUOTAS } from './request-quotas.js';
import { type Call, type Service, ServiceError } from './service.js';

/** Request quotas as token buckets: one for each account, Region and quota. A bucket holds one second's worth. */
export interface Quotas {
  /** Takes one request's share. @throws ServiceError the service's throttling error when nothing is left */
  admit(request: QuotedRequest, call: Call): void;
}

interface Bucket {
  tokens: number;
  atMillis: number;
}

/** Nothing is ever throttled. */
export const NO_QUOTAS: Quotas = { admit: () => undefined };

/** AWS's default quotas, in sandbox time: `advance` fills every bucket. */
export function createQuotas(): Quotas {
  const buckets = new Map<string, Bucket>();
  return {
    admit: (request, { caller, region, nowMillis }) => {
      const quota = REQUEST_QUOTAS[request.service]?.(request) ?? null;
      if (quota === null) return;
      const id = `${caller.account}/${region}/${request.service}/${quota.name}`;
      const most = Math.max(1, quota.perSecond);
      const bucket = buckets.get(id) ?? { tokens: most, atMillis: nowMillis };
      buckets.set(id, bucket);
      const passed = Math.max(0, nowMillis - bucket.atMillis) / 1000;
      bucket.tokens = Math.min(most, bucket.tokens + passed * quota.perSecond);
      bucket.atMillis = nowMillis;
      if (bucket.tokens < 1) throw throttled(request.service);
      bucket.tokens -= 1;
    },
  };
}

function throttled(service: Service['name']): ServiceError {
  if (service === 'kms') {
    const message = 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.';
    return new ServiceError('ThrottlingException', message);
  }
  return new ServiceError(service === 'cloudtrail' ? 'ThrottlingException' : 'Throttling', 'Rate exceeded');
}
