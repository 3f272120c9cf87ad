import { signerOf } from '../quorum/signer.js';
import { type OpenRecord, ofKind, requestIdOf } from '../record/envelope.js';
import type { Roster } from '../roster/roster.js';

/**
 * The request among the records of its folder: the copy that its author signed. One under a stranger's signature, whose
 * name may come first, must not end it (T29); when there is no other, judging it says what is wrong.
 */
export function requestOf(
  id: string,
  records: readonly OpenRecord[],
  rosters: readonly Roster[],
): OpenRecord<'request'> | undefined {
  const copies = records
    .map((record) => ofKind(record, 'request'))
    .filter((record) => record !== null)
    .filter(({ digest }) => requestIdOf(digest) === id);
  const [only, ...others] = copies;
  return others.length === 0 ? only : (copies.find((record) => isByAuthor(record, rosters)) ?? only);
}

function isByAuthor(record: OpenRecord<'request'>, rosters: readonly Roster[]): boolean {
  const { roster, by } = record.statement.predicate;
  const listed = rosters[roster.version - 1];
  const signer = listed ? signerOf(record, listed) : 'unknown';
  return typeof signer !== 'string' && signer.id === by;
}
