import { type Instant, millisOf } from '../base/time.js';
import type { HistoryTopic, TrailHistory } from '../trail/files.js';
import { type RawRecords, readRecords } from '../trail/records.js';
import type { AwsConnection } from './connection.js';
import { PageTrail } from './pages.js';

/** CloudTrail's event history (LookupEvents), a page at a time: a day can hold more than one wants to keep at once. */
export function createTrailHistory(aws: AwsConnection): TrailHistory {
  return { pages: (region, topic, from, until) => pagesOf(aws, region, topic, from, until) };
}

async function* pagesOf(
  aws: AwsConnection,
  region: string,
  topic: HistoryTopic,
  from: Instant,
  until: Instant,
): AsyncGenerator<RawRecords> {
  // One link for all pages: the client is made once.
  const link = aws.cloudTrail(region);
  let token: string | undefined;
  const trail = new PageTrail('LookupEvents');
  do {
    const { output } = await link.read('LookupEvents', (sdk, client) =>
      client.send(
        new sdk.LookupEventsCommand({
          StartTime: new Date(millisOf(from)),
          EndTime: new Date(millisOf(until)),
          LookupAttributes: [attributeOf(topic)],
          ...(token === undefined ? {} : { NextToken: token }),
        }),
      ),
    );
    const records = (output.Events ?? []).map(({ CloudTrailEvent }) => ({ CloudTrailEvent: CloudTrailEvent ?? null }));
    yield readRecords(Buffer.from(JSON.stringify({ Events: records })), 'LookupEvents');
    token = output.NextToken === undefined ? undefined : trail.next(output.NextToken);
  } while (token !== undefined);
}

/** LookupEvents takes one attribute ("LookupEvents", CloudTrail API Reference). */
function attributeOf(topic: HistoryTopic) {
  return 'source' in topic
    ? { AttributeKey: 'EventSource' as const, AttributeValue: topic.source }
    : { AttributeKey: 'ResourceName' as const, AttributeValue: topic.resource };
}
