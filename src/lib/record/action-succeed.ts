import { CustodyError } from '../base/errors.js';
import { object, type Reader } from '../base/fields.js';
import { KEY_PARAMETERS, newKeyCalls, newKeyChanges } from './action-create.js';
import { type ActionSubject, arnOf, row } from './action-row.js';

/** The tag by which a key says which one it replaces, by key id: whoever moves ciphertexts looks there. */
export const REPLACES_TAG = 'custody:replaces';

const parameters = object(KEY_PARAMETERS);
type SucceedParameters = typeof parameters extends Reader<infer T> ? T : never;

/**
 * The row of `key.succeed`: a key in place of another one. The request names the key that is replaced; its alias stays
 * with it until everything was moved.
 */
export const succeed = row<SucceedParameters>({
  class: 'create',
  risk: 'high',
  parameters,
  calls: (subject, p) => newKeyCalls(subject, p, { [REPLACES_TAG]: replacedId(subject) }),
  sentence: (name, p) =>
    `Create a key that is to replace ${name}${p.multiRegion ? ', as a multi-Region key' : ''}` +
    `${p.replicas.length > 0 ? ` with replicas in ${p.replicas.map(({ region }) => region).join(', ')}` : ''}. ` +
    'The roles that may decrypt can move ciphertexts to it; the name stays with the old key for now.',
  changes: (before, p) => [
    { what: 'replaces', from: String(before.arn), to: 'a new key beside it' },
    ...newKeyChanges(p),
    ...others(before.successors),
  ],
});

/** @throws CustodyError RECORD_MALFORMED for a request that names no key, which would tag the new one as nobody's */
function replacedId(subject: ActionSubject): string {
  if (arnOf(subject).endsWith(`/${subject.key?.keyId}`)) return subject.key?.keyId ?? '';
  throw new CustodyError('RECORD_MALFORMED', 'the id of the key that is replaced is not the one of its ARN');
}

/** Anyone who may create keys in the account can tag one so; approvers should know of it. */
function others(successors: unknown) {
  const found = Array.isArray(successors) ? successors.map(String) : [];
  return found.length === 0
    ? []
    : [{ what: 'keys that say the same of themselves', from: found.join(', '), to: 'not used: only this one counts' }];
}
