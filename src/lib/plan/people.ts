import { described, durationField, type Field, listField, textField } from './field.js';
import { DATE, PRINTABLE } from './grammar.js';
import { objectField } from './mapping.js';
import type { PeopleRules } from './plan.js';

export const sentence = textField(PRINTABLE, 'one line of up to 300 printable characters', 300);

/** How people are reached when nothing else works; never what opens a door. */
export const people: Field<PeopleRules> = objectField({
  reviewedOn: described(
    textField(DATE, 'a day like 2026-01-31', 10),
    'The day on which somebody last tried all of this.',
  ),
  maxAgeDays: described(durationField('Days', 1, 366), 'When that counts as too long ago.'),
  contacts: described(
    listField(
      objectField({
        custodian: textField(/^[a-z][a-z0-9-]{1,30}$/, 'the id of a custodian', 31),
        reach: sentence,
      }),
      1,
      15,
    ),
    'How each custodian is reached at any hour: where it is written, not a private number.',
  ),
  breakGlass: described(
    listField(objectField({ name: sentence, where: sentence }), 1, 10),
    'Ways in when nothing else works, and where they lie; never the secret itself.',
  ),
});
