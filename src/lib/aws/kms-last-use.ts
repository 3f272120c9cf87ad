import type { GetKeyLastUsageResponse } from '@aws-sdk/client-kms';
import { CustodyError } from '../base/errors.js';
import { instantFromDate } from '../base/time.js';
import type { KeyUsage } from '../key/key.js';
import type { AwsConnection } from './connection.js';
import { unreadable } from './pages.js';

/** Of some kinds of keys, and in some Regions, KMS keeps no account of use. */
const NO_ACCOUNT: ReadonlySet<unknown> = new Set(['UnsupportedOperationException', 'UnknownOperationException']);

/** When a key was last used, where KMS keeps account of it. */
export async function lastUse(aws: AwsConnection, region: string, key: string): Promise<KeyUsage | 'unknown'> {
  try {
    const { output } = await aws
      .kms(region)
      .read('GetKeyLastUsage', (sdk, client) => client.send(new sdk.GetKeyLastUsageCommand({ KeyId: key })));
    return usageOf(output);
  } catch (error) {
    if (error instanceof CustodyError && NO_ACCOUNT.has(error.details?.awsCode)) return 'unknown';
    throw error;
  }
}

/** An empty `KeyLastUsage` means: not used since the tracking began (API reference, GetKeyLastUsage). */
function usageOf({ TrackingStartDate, KeyLastUsage }: GetKeyLastUsageResponse): KeyUsage {
  if (!TrackingStartDate) throw unreadable('GetKeyLastUsage');
  const { Operation, Timestamp } = KeyLastUsage ?? {};
  if ((Operation === undefined) !== (Timestamp === undefined)) throw unreadable('GetKeyLastUsage');
  return {
    trackedSince: instantFromDate(TrackingStartDate),
    last: Operation && Timestamp ? { operation: Operation, at: instantFromDate(Timestamp) } : null,
  };
}
