import { CYCLE_ROTATION_DAYS } from '../base/cycle.js';
import { CustodyError } from '../base/errors.js';
import type { ActionName } from '../record/action-names.js';
import { applyAccess } from './apply-access.js';
import { applyCreate } from './apply-create.js';
import { applyImport, applyMaterialOff } from './apply-import.js';
import { applyPromote, applyReplicate } from './apply-regions.js';
import { applyRotate } from './apply-rotate.js';
import { applyRotateImported } from './apply-rotate-imported.js';
import { APPLY_STATE } from './apply-state.js';
import { applyUntil } from './apply-until.js';
import type { Applied, Run } from './run.js';
import { type AccessAction, isAccessAction } from './shows.js';

/** Actions that call nothing at AWS. */
type Elsewhere = 'plan.update' | 'roster.update' | 'key.confirm-destroyed';

type Apply = (run: Run) => Promise<Applied>;

/** THE column of the action table that acts at AWS; each says itself how it is resumed. */
const APPLY: Readonly<Record<Exclude<ActionName, AccessAction | Elsewhere>, Apply>> = {
  'key.create': applyCreate,
  'key.succeed': applyCreate,
  'key.rotate': applyRotate,
  'key.rotation': (run) =>
    applyUntil(
      run,
      'the new rotation period',
      ({ enabled, periodDays }) => enabled === true && periodDays === run.request.parameters.periodDays,
    ),
  'key.replicate': applyReplicate,
  'key.promote': applyPromote,
  'key.import': applyImport,
  'key.material-off': applyMaterialOff,
  'key.rotate-imported': applyRotateImported,
  'drill.cycle': (run) =>
    applyUntil(
      run,
      'the rotation of the scratch key',
      ({ enabled, periodDays }) => enabled === true && periodDays === CYCLE_ROTATION_DAYS,
    ),
  ...APPLY_STATE,
};

/**
 * Makes the calls of an authorised request, each at most once, and reads back what came of them.
 * @throws CustodyError REFUSED, DENIED: AWS said no · UNAVAILABLE, THROTTLED, TIMEOUT: run again to finish ·
 *   POST_STATE_UNEXPECTED
 */
export function apply(run: Run): Promise<Applied> {
  const { action } = run.request;
  if (action === 'plan.update' || action === 'roster.update' || action === 'key.confirm-destroyed') {
    throw new CustodyError('BUG', `${action} does not act at AWS`);
  }
  return isAccessAction(action) ? applyAccess(run, action) : APPLY[action](run);
}
