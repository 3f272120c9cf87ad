import type { Instant } from '../base/time.js';
import type { TrailEvent } from './event.js';

/** Events as a source gave them. */
export interface TrailPart {
  readonly events: readonly TrailEvent[];
  /** How many records were none that could be read: each may have been a change. */
  readonly unreadable: number;
}

/** PORT: the account's own record of calls, kept where no custodian writes it (CloudTrail's event history). */
export interface TrailReader {
  /**
   * Every event of that name in the Region since `from`, all pages. Events show up to 15 minutes after the call.
   * @throws CustodyError DENIED, UNAVAILABLE, THROTTLED
   */
  events(region: string, name: string, from: Instant): Promise<TrailPart>;
}

/** "You can look up events that occurred in a Region within the last 90 days" (LookupEvents). */
export const HISTORY_SECONDS = 90 * 86_400;
/** "CloudTrail typically delivers events within an average of about 5 minutes", and says 15 of the event history. */
export const DELIVERY_SECONDS = 15 * 60;
