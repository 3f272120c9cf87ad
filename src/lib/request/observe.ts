import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { KeyReader } from '../key/key.js';
import type { ActionName } from '../record/action-names.js';
import { OBSERVE_ACCESS } from './observe-access.js';
import { aliasTarget, arnOf, commonState, type Observe, type Subject } from './observe-key.js';
import { materialState, promoteState, replicateState, rotateImportedState } from './observe-regions.js';
import { rotationState } from './observe-rotation.js';

/** THE column of the action table that looks at AWS: only the fields that the action depends on (T13). */
const OBSERVE: Readonly<Record<Exclude<ActionName, 'plan.update' | 'roster.update'>, Observe>> = {
  'key.create': async (reader, { region, key }) => ({
    aliasTarget: await aliasTarget(reader, region, key?.alias ?? ''),
  }),
  'key.rotate': rotationState,
  'key.rotation': async (reader, subject) => {
    const [common, status] = await Promise.all([
      commonState(reader, subject),
      reader.rotationStatus(subject.region, arnOf(subject)),
    ]);
    return { ...common, enabled: status?.enabled ?? false, periodDays: status?.periodDays ?? null };
  },
  ...OBSERVE_ACCESS,
  'key.replicate': replicateState,
  'key.promote': promoteState,
  'key.import': materialState,
  'key.material-off': materialState,
  'key.rotate-imported': rotateImportedState,
};

/**
 * The state at AWS that an action depends on, canonical fields only: signed in the request, read again before and after.
 * @throws CustodyError NOT_FOUND for a key that is not there; what the reader throws
 */
export async function observe(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const { action } = subject;
  if (action === 'plan.update' || action === 'roster.update') {
    throw new CustodyError('BUG', `${action} does not look at AWS`);
  }
  return OBSERVE[action](reader, subject);
}
