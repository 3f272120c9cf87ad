import { describe, expect, it } from 'vitest';
import { addSeconds } from '../../../src/lib/base/time.js';
import { OrderedEvents } from '../../../src/lib/ingest/order.js';
import type { WantedEvent } from '../../../src/lib/ingest/usage.js';
import { guid, TRAIL_START } from '../../support/trail-fixture.js';

const event = (second: number): WantedEvent => {
  const at = addSeconds(TRAIL_START, second);
  return { id: guid(second + 1), at, entry: {} as never, weight: 1 };
};
const seconds = (events: readonly WantedEvent[]) => events.map(({ id }) => Number.parseInt(id.slice(-4), 16) - 1);

describe('events that wait for earlier ones', () => {
  it('are given out in order once too many wait, and no sooner where nobody knows what is to come', () => {
    const waiting = new OrderedEvents(4);
    const given = [5, 3, 4, 1].flatMap((second) => {
      waiting.add([event(second)]);
      return seconds(waiting.take(null));
    });
    expect(given).toEqual([]);
    waiting.add([event(2)]);
    expect(seconds(waiting.take(null))).toEqual([1, 2, 3]);
    expect(seconds(waiting.rest())).toEqual([4, 5]);
    expect(waiting.late).toBe(0);
  });

  it('are given out as soon as nothing earlier is to come', () => {
    const waiting = new OrderedEvents(4);
    waiting.add([event(3), event(1)]);
    expect(seconds(waiting.take(addSeconds(TRAIL_START, 3)))).toEqual([1]);
    waiting.add([event(0)]);
    expect(waiting.late).toBe(1);
    expect(seconds(waiting.rest())).toEqual([0, 3]);
  });

  it('wait without being sorted again for each that comes', () => {
    const waiting = new OrderedEvents(50_000);
    for (let second = 30_000; second > 0; second--) {
      waiting.add([event(second)]);
      waiting.take(null);
    }
    expect(waiting.rest()).toHaveLength(30_000);
  });
});
