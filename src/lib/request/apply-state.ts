import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant, isInstant } from '../base/time.js';
import { DELETION_DAYS } from '../record/action-state.js';
import { applyOnce } from './apply-once.js';
import { applyUntil } from './apply-until.js';
import { observeCancellation } from './observe-state.js';
import type { Applied, Run } from './run.js';

const DAY = 86_400;
/** Between two clocks, and for the time that a call takes. */
const TOLERANCE_SECONDS = 600;

const look = ({ reader, request }: Run) => observeCancellation(reader, request);

const isPending = ({ state }: JsonObject) => state === 'PendingDeletion' || state === 'PendingReplicaDeletion';

async function applyDeletion(run: Run): Promise<Applied> {
  const applied = await applyOnce(run, { what: 'the deletion', look, shows: isPending });
  assertWindow(applied.postState, run.intentAt);
  return applied;
}

/** Somebody may have called past the tool, with a window that leaves no time for a veto. */
function assertWindow({ deletionAt }: JsonObject, intentAt: Instant): void {
  const earliest = addSeconds(intentAt, DELETION_DAYS * DAY - TOLERANCE_SECONDS);
  if (deletionAt === null || (isInstant(deletionAt) && deletionAt >= earliest)) return;
  throw new CustodyError('POST_STATE_UNEXPECTED', `the key ends on ${deletionAt}, earlier than was signed`, {
    details: { expected: earliest, found: deletionAt ?? null },
    suggestions: ['Any custodian can stop it: custody keys cancel-deletion'],
  });
}

/** Rows of the column of `apply.ts`. */
export const APPLY_STATE = {
  'key.rotation-off': (run: Run) =>
    applyUntil(run, 'the end of automatic rotation', ({ enabled }) => enabled === false),
  'key.enable': (run: Run) => applyUntil(run, 'the enabled key', ({ state }) => state === 'Enabled'),
  'key.disable': (run: Run) => applyUntil(run, 'the disabled key', ({ state }) => state === 'Disabled'),
  'key.delete': applyDeletion,
  'key.cancel-deletion': (run: Run) =>
    applyOnce(run, { what: 'the cancelled deletion', look, shows: (seen) => !isPending(seen) }),
} as const;
