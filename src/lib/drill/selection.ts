import { CustodyError } from '../base/errors.js';
import { DRILL_IDS, type DrillId, isDrillId } from './drills.js';

/** Which drills run; those that do not are *unproven*. */
export interface Selection {
  readonly only?: readonly string[] | undefined;
  readonly skip?: readonly string[] | undefined;
}

/** @returns the drills to run, in the order of the table. @throws CustodyError USAGE for a name that is none, and for nothing at all */
export function selectedDrills({ only = [], skip = [] }: Selection): readonly DrillId[] {
  const stranger = [...only, ...skip].find((name) => !isDrillId(name));
  if (stranger !== undefined)
    throw new CustodyError('USAGE', `there is no drill ${stranger.slice(0, 64)}`, {
      suggestions: [`There are ${DRILL_IDS.join(', ')}.`],
    });
  const chosen = DRILL_IDS.filter((id) => (only.length === 0 || only.includes(id)) && !skip.includes(id));
  // A drill of nothing could only mislead (T45).
  if (chosen.length === 0) throw new CustodyError('USAGE', 'no drill is left to run');
  return chosen;
}
