import { describe, expect, it } from 'vitest';
import { createTrailReader } from '../../../src/lib/aws/trail-reader.js';
import { parseInstant } from '../../../src/lib/base/time.js';
import { kmsError, openCanned, REGION } from './support.js';

const SINCE = parseInstant('2026-03-02T12:00:00.000Z');

function page(ids: readonly string[], next?: string) {
  const Events = ids.map((eventID) => {
    const record = {
      eventID,
      eventName: 'DisableKey',
      eventSource: 'kms.amazonaws.com',
      eventTime: '2026-03-02T12:00:01Z',
    };
    return { EventId: eventID, CloudTrailEvent: eventID === 'broken' ? '{' : JSON.stringify(record) };
  });
  const body = JSON.stringify({ Events, ...(next === undefined ? {} : { NextToken: next }) });
  return { headers: { 'content-type': 'application/x-amz-json-1.1' }, body };
}

describe('the event history', () => {
  it('is read page by page, by name, no faster than CloudTrail allows', async () => {
    const { aws, sent, timer } = await openCanned(
      [page(['a', 'broken'], 't1'), page([], 't2'), page(['b'])],
      // The sandbox is asked as fast as it answers.
      { environmentKind: 'aws', account: '111122223333', endpointUrl: undefined },
    );
    const { events, unreadable } = await createTrailReader(aws).events(REGION, 'DisableKey', SINCE);
    expect(events.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(unreadable).toBe(1);
    const bodies = sent.map(({ body }) => JSON.parse(body));
    expect(bodies.map(({ NextToken }) => NextToken)).toEqual([undefined, 't1', 't2']);
    for (const body of bodies) {
      expect(body.LookupAttributes).toEqual([{ AttributeKey: 'EventName', AttributeValue: 'DisableKey' }]);
      expect(body.StartTime).toBe(Date.parse(SINCE) / 1000);
    }
    expect(timer.slept).toEqual([500]);
  });

  it('that goes round in circles, is denied or answers in pieces is no history', async () => {
    const circle = await openCanned([page(['a'], 't1'), page(['b'], 't1')]);
    const code = (expected: string) => expect.objectContaining({ code: expected });
    await expect(createTrailReader(circle.aws).events(REGION, 'X', SINCE)).rejects.toEqual(code('UNAVAILABLE'));
    const denied = await openCanned([kmsError('AccessDeniedException')]);
    await expect(createTrailReader(denied.aws).events(REGION, 'X', SINCE)).rejects.toEqual(code('DENIED'));
    const broken = await openCanned([page(['a'], 't1'), { body: '{"Eve' }]);
    await expect(createTrailReader(broken.aws).events(REGION, 'X', SINCE)).rejects.toMatchObject({
      exit: expect.any(Number),
    });
  });
});
