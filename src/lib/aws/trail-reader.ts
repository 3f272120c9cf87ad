import { type Instant, millisOf } from '../base/time.js';
import { readTrail } from '../trail/document.js';
import type { TrailPart, TrailReader } from '../trail/reader.js';
import type { AwsConnection } from './connection.js';
import { allPages } from './pages.js';

/** Reads CloudTrail's event history (LookupEvents), one name a query: one attribute is all that it takes. */
export function createTrailReader(aws: AwsConnection): TrailReader {
  return { events: (region, name, from) => lookUp(aws, region, name, from) };
}

async function lookUp(aws: AwsConnection, region: string, name: string, from: Instant): Promise<TrailPart> {
  // One link for all pages: the client is made once.
  const link = aws.cloudTrail(region);
  const pages = await allPages<TrailPart>('LookupEvents', async (NextToken) => {
    const { output } = await link.read('LookupEvents', (sdk, client) =>
      client.send(
        new sdk.LookupEventsCommand({
          StartTime: new Date(millisOf(from)),
          LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: name }],
          ...(NextToken === undefined ? {} : { NextToken }),
        }),
      ),
    );
    // Only the record itself is taken: what is beside it is a part of it again.
    const records = (output.Events ?? []).map(({ CloudTrailEvent }) => ({ CloudTrailEvent: CloudTrailEvent ?? null }));
    const { events, unreadable } = readTrail(Buffer.from(JSON.stringify({ Events: records })), 'LookupEvents');
    const items = [{ events, unreadable: unreadable.length }];
    return { items, truncated: output.NextToken !== undefined, next: output.NextToken };
  });
  return {
    events: pages.flatMap(({ events }) => events),
    unreadable: pages.reduce((sum, { unreadable }) => sum + unreadable, 0),
  };
}
