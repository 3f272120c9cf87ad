import { type Instant, millisOf } from '../base/time.js';
import type { TrailHistory } from '../trail/files.js';
import { type RawRecords, readRecords } from '../trail/records.js';
import type { AwsConnection } from './connection.js';
import { unreadable } from './pages.js';

/** CloudTrail's event history (LookupEvents), a page at a time: a day can hold more than one wants to keep at once. */
export function createTrailHistory(aws: AwsConnection): TrailHistory {
  return { pages: (region, source, from, until) => pagesOf(aws, region, source, from, until) };
}

async function* pagesOf(
  aws: AwsConnection,
  region: string,
  source: string,
  from: Instant,
  until: Instant,
): AsyncGenerator<RawRecords> {
  // One link for all pages: the client is made once.
  const link = aws.cloudTrail(region);
  let token: string | undefined;
  do {
    const { output } = await link.read('LookupEvents', (sdk, client) =>
      client.send(
        new sdk.LookupEventsCommand({
          StartTime: new Date(millisOf(from)),
          EndTime: new Date(millisOf(until)),
          LookupAttributes: [{ AttributeKey: 'EventSource', AttributeValue: source }],
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      ),
    );
    const records = (output.Events ?? []).map(({ CloudTrailEvent }) => ({ CloudTrailEvent: CloudTrailEvent ?? null }));
    yield readRecords(Buffer.from(JSON.stringify({ Events: records })), 'LookupEvents');
    // A page that leads to itself would never end (T43).
    if (output.NextToken !== undefined && output.NextToken === token) throw unreadable('LookupEvents');
    token = output.NextToken;
  } while (token !== undefined);
}
