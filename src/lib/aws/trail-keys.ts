import { type Instant, instantFromDate, millisOf } from '../base/time.js';
import type { TrailKey, TrailKeys } from '../trail/digest-signature.js';
import type { AwsConnection } from './connection.js';
import { allPages, unreadable } from './pages.js';

/** CloudTrail's public keys (ListPublicKeys), of the Region in which a digest was made. */
export function createTrailKeys(aws: AwsConnection): TrailKeys {
  return { keys: (region, from, until) => listKeys(aws, region, from, until) };
}

async function listKeys(
  aws: AwsConnection,
  region: string,
  from: Instant,
  until: Instant,
): Promise<readonly TrailKey[]> {
  const link = aws.cloudTrail(region);
  const found = await allPages('ListPublicKeys', async (NextToken) => {
    const { output } = await link.read('ListPublicKeys', (sdk, client) =>
      client.send(
        new sdk.ListPublicKeysCommand({
          StartTime: new Date(millisOf(from)),
          EndTime: new Date(millisOf(until)),
          ...(NextToken === undefined ? {} : { NextToken }),
        }),
      ),
    );
    return { items: output.PublicKeyList, truncated: output.NextToken !== undefined, next: output.NextToken };
  });
  return found.map(({ Fingerprint, Value, ValidityStartTime, ValidityEndTime }) => {
    if (!Fingerprint || !Value || !ValidityStartTime || !ValidityEndTime) throw unreadable('ListPublicKeys');
    const [validFrom, validUntil] = [instantFromDate(ValidityStartTime), instantFromDate(ValidityEndTime)];
    return { fingerprint: Fingerprint, der: Value, validFrom, validUntil };
  });
}
