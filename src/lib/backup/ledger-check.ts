import { type Check, check } from '../inspect/check.js';
import type { Judge } from './judge.js';
import { nameOfTelling, type ToldBackup, type ToldHistory } from './telling.js';

export const WHAT_NOW = 'compare with another custodian and the mirrors before you go on';
/** Entries in one line of a report. */
const MOST_NAMED = 20;

/**
 * The ledger tells of each backup once, wherever backups lie: it also finds a remote out that leaves the newest ones off. Of
 * a repository of its own, a heartbeat may be untold where a run was cut off.
 */
export function ledgerCheck(
  { told: all, gap, last }: ToldHistory,
  { tellings }: Judge,
  isCustody: boolean,
  since: number,
): Check {
  const told = all.filter(({ sequence }) => sequence >= since);
  const known = new Set(told.map(nameOfTelling));
  const here = tellings.filter(({ sequence }) => sequence >= since);
  const there = new Set(here.map(nameOfTelling));
  const [gone, ...more] = told.filter((one) => !there.has(nameOfTelling(one)));
  if (gone) {
    const detail = `${gone.path} tells of ${nameOfTelling(gone)}, which is not here${alsoGone(more)}: ${WHAT_NOW}`;
    return check('ledger', false, detail);
  }
  // What is not told of may have been told in the gap; and that may have told of one which is not here.
  if (gap !== null)
    return {
      id: 'ledger',
      status: 'skip',
      detail: `the ledger has no ${gap}: whether it tells of each backup is not known`,
    };
  const untold = here.find((one) => !known.has(nameOfTelling(one)) && (isCustody || one.changed));
  if (untold) {
    const to = last === null ? 'which is empty' : `which ends with ${last}`;
    return check('ledger', false, `the ledger, ${to}, does not tell of ${nameOfTelling(untold)}`);
  }
  // Two runs may renew a backup in the same moment; that one was made, is told of once.
  const made = told.filter(({ changed }) => changed);
  const once = new Set(made.map(({ sequence }) => sequence)).size === made.length;
  return check('ledger', once, once ? 'the ledger tells of each backup once' : 'the ledger tells of a backup twice');
}

/** Each of them may be the one that was changed. */
function alsoGone(more: readonly ToldBackup[]): string {
  if (more.length === 0) return '';
  const rest = more.length > MOST_NAMED ? ` and ${more.length - MOST_NAMED} more` : '';
  const paths = more.slice(-MOST_NAMED).map(({ path }) => path);
  return `, nor is what ${paths.join(', ')}${rest} tell of`;
}
