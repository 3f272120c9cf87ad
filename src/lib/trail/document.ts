import { eventOf, type TrailEvent } from './event.js';
import { readRecords } from './records.js';

export interface TrailDocument {
  readonly events: readonly TrailEvent[];
  /** Records that are none, by their place in the document, from 1. */
  readonly unreadable: readonly number[];
}

/**
 * The events of a document, in any of the forms that `readRecords` reads.
 * @throws CustodyError RECORD_MALFORMED for what is none of these
 */
export function readTrail(bytes: Uint8Array, where: string): TrailDocument {
  const { records, refused } = readRecords(bytes, where);
  const events: TrailEvent[] = [];
  const unreadable = refused.map(({ at }) => at);
  for (const { at, record } of records) {
    const event = eventOf(record);
    if (event) events.push(event);
    else unreadable.push(at);
  }
  return { events, unreadable: unreadable.sort((left, right) => left - right) };
}
