import type { Instant } from '../base/time.js';
import type { Watched } from '../inspect/reconcile/change.js';
import type { Known } from './known.js';
import type { Source } from './source.js';

/** What somebody asked for; null where nobody did. An event is in it from `since` on and before `until`, by its own time. */
export interface AskedWindow {
  readonly since: Instant | null;
  readonly until: Instant | null;
}

/** One run. */
export interface IngestSubject {
  readonly source: Source;
  /** What the ledger holds already. */
  readonly known: Known;
  readonly watched: Watched;
  /** Names of the plan whose keys are not known: their events cannot be told from others'. */
  readonly unknownKeys: readonly string[];
  readonly window: AskedWindow;
  readonly until: Instant;
  /** Who takes it in: an id of the roster. */
  readonly by: string;
}
