import { CYCLE_ALIAS, CYCLE_KEY, CYCLE_ROTATION_DAYS } from '../base/cycle.js';
import { CustodyError } from '../base/errors.js';
import { object } from '../base/fields.js';
import { type ActionSubject, arnOf, kms, row } from './action-row.js';
import { automaticRotation } from './action-state.js';

/**
 * The row of `drill.cycle`: a request that goes its whole way on a key that a drill made for it. Its class is that of its one call, so
 * that plan and key policy ask the same quorum for it as for the same call on any other key.
 */
export const cycle = row({
  class: 'rotation',
  risk: 'low',
  parameters: object({}),
  calls: (subject) => [
    kms(subject, 'EnableKeyRotation', { KeyId: scratchArnOf(subject), RotationPeriodInDays: CYCLE_ROTATION_DAYS }),
  ],
  sentence: () =>
    'EXERCISE: a drill made this key to be asked about it. Nobody uses it, it is deleted afterwards, and no key of the plan is touched.',
  changes: (before) => [
    {
      what: 'automatic rotation of the scratch key',
      from: automaticRotation(before),
      to: `every ${CYCLE_ROTATION_DAYS} days`,
    },
  ],
  undo: () => 'nothing to do: the next drill deletes the key',
});

/** A key of the plan has another name, and an alias (T5). @throws CustodyError RECORD_MALFORMED */
function scratchArnOf(subject: ActionSubject): string {
  const { key } = subject;
  const arn = arnOf(subject);
  const isOne = key?.name === CYCLE_KEY && key.alias === CYCLE_ALIAS && !key.keyId?.startsWith('mrk-');
  if (isOne && arn.endsWith(`:key/${key.keyId}`)) return arn;
  throw new CustodyError('RECORD_MALFORMED', 'an exercise is for the scratch key of a drill, and for no other');
}
