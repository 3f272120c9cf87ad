import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { KeyReader } from '../key/key.js';
import type { ActionName } from '../record/action-names.js';
import { observeCycle } from './cycle.js';
import { OBSERVE_ACCESS } from './observe-access.js';
import { aliasTarget, commonState, type Observe, type Subject } from './observe-key.js';
import { materialState, promoteState, replicateState, rotateImportedState } from './observe-regions.js';
import { rotationState } from './observe-rotation.js';
import { OBSERVE_STATE, observeRotationSettings } from './observe-state.js';
import { successorsOf } from './successors.js';

/** Actions that look at no live key. */
type Elsewhere = 'plan.update' | 'roster.update' | 'key.confirm-destroyed';

/** THE column of the action table that looks at AWS: only the fields that the action depends on (T13). */
const OBSERVE: Readonly<Record<Exclude<ActionName, Elsewhere>, Observe>> = {
  'key.create': async (reader, { region, key }) => ({
    aliasTarget: await aliasTarget(reader, region, key?.alias ?? ''),
  }),
  'key.succeed': async (reader, subject) => ({
    ...(await commonState(reader, subject)),
    successors: await successorsOf(reader, subject),
  }),
  'key.rotate': rotationState,
  'key.rotation': observeRotationSettings,
  ...OBSERVE_ACCESS,
  ...OBSERVE_STATE,
  'key.replicate': replicateState,
  'key.promote': promoteState,
  'key.import': materialState,
  'key.material-off': materialState,
  'key.rotate-imported': rotateImportedState,
  'drill.cycle': observeCycle,
};

/**
 * The state at AWS that an action depends on, canonical fields only: signed in the request, read again before and after.
 * @throws CustodyError NOT_FOUND for a key that is not there; what the reader throws
 */
export async function observe(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const { action } = subject;
  if (action === 'plan.update' || action === 'roster.update' || action === 'key.confirm-destroyed') {
    throw new CustodyError('BUG', `${action} does not look at a live key`);
  }
  return OBSERVE[action](reader, subject);
}
