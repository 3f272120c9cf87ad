import { CustodyError } from '../base/errors.js';
import { type Instant, isLaterBy } from '../base/time.js';
import { parseEntry } from '../ledger/chain.js';
import { readPresentEntries } from '../ledger/view.js';
import { CLOCK_TOLERANCE_SECONDS } from '../quorum/evidence.js';
import type { CommitId } from '../record/store.js';
import type { Identity } from '../roster/roster.js';
import type { Case } from './case.js';
import type { Ports } from './ports.js';

/**
 * Who signs an intent chooses its time, too: one dated back to before the end of its request would be taken up as a run that was cut
 * off. The ledger under it tells what time it was by then. Who made it needs no such proof to finish it.
 * @throws CustodyError REFUSED
 */
export async function assertNotRevived({ store }: Ports, { id, verdict }: Case, identity: Identity): Promise<void> {
  const { intent, executeBy } = verdict;
  const said = intent?.statement.predicate;
  if (!said?.seen.head || executeBy === null || said.by === identity.id) return;
  const view = await store.at(said.seen.head as CommitId);
  const { entries } = await readPresentEntries(view);
  const times = entries.flatMap(([, bytes]) => timeOf(bytes) ?? []);
  const later = times.find((at) => isLaterBy(CLOCK_TOLERANCE_SECONDS, executeBy, at));
  if (later === undefined) return;
  throw new CustodyError(
    'REFUSED',
    `${said.by} began ${id} by an intent of ${said.at}, but the ledger was at ${later} by then, and the request ended on ${executeBy}`,
    { details: { id, by: said.by, at: said.at, ledgerAt: later, executeBy } },
  );
}

/** What is no entry tells nothing: what somebody planted must not keep a run from being finished. */
function timeOf(bytes: Uint8Array): Instant | null {
  try {
    return parseEntry(bytes).at;
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}
