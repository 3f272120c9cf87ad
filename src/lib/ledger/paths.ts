import { CustodyError } from '../base/errors.js';

/** Where entries lie in a repository or folder: padded, so that they sort as text, and at most 1000 to a folder. */

export const LEDGER_FOLDER = 'ledger';
const PER_SHARD = 1000;
const MAX_SEQUENCE = 999_999_999;

/** `ledger/<sequence / 1000>/<sequence>.json`. */
export function ledgerPath(sequence: number): string {
  if (!Number.isSafeInteger(sequence) || sequence < 0 || sequence > MAX_SEQUENCE) {
    throw new CustodyError('LEDGER_BROKEN', `a ledger has no entry ${sequence}`);
  }
  const shard = String(Math.floor(sequence / PER_SHARD)).padStart(6, '0');
  return `${LEDGER_FOLDER}/${shard}/${String(sequence).padStart(9, '0')}.json`;
}

/** The sequence of an entry's path, the inverse of `ledgerPath`; null for another path. */
export function sequenceOf(path: string): number | null {
  const match = /^ledger\/\d{6}\/(\d{9})\.json$/.exec(path);
  if (!match) return null;
  const sequence = Number(match[1]);
  return ledgerPath(sequence) === path ? sequence : null;
}
