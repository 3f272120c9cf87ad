import type { Fault } from '../base/fields.js';
import { type PlanParts, repeatedFaults, roleFaults } from './faults.js';

/** The part that the store names is there and no other; its key is planned, its roles are apart, its copy is elsewhere. */
export function ledgerFaults({ ledger, keys, account, partition }: PlanParts): Fault[] {
  if (!ledger) return [];
  const { store, s3 } = ledger;
  const parts = (['directory', 's3'] as const)
    .filter((part) => (ledger[part] !== undefined) !== (store === part))
    .map((part) => ({
      path: `ledger.${part}`,
      expected: store === part ? `what the store ${part} needs` : `nothing, as the store is ${store}`,
      found: store === part ? 'nothing' : 'a setting',
    }));
  if (!s3) return parts;
  const roles = [...s3.writerRoleArns, ...s3.readerRoleArns];
  const found = keys?.[s3.key];
  return [
    ...parts,
    ...(keys && !found ? [{ path: 'ledger.s3.key', expected: 'the name of a key of this plan', found: s3.key }] : []),
    ...s3.writerRoleArns.flatMap((arn, at) =>
      roleFaults(`ledger.s3.writerRoleArns[${at}]`, arn, { account, partition }),
    ),
    ...s3.readerRoleArns.flatMap((arn, at) =>
      roleFaults(`ledger.s3.readerRoleArns[${at}]`, arn, { account, partition }),
    ),
    ...repeatedFaults(roles, (at) => `ledger.s3 role ${at + 1}`, 'each role once: who writes does not read'),
    ...(s3.replica?.region === s3.region
      ? [{ path: 'ledger.s3.replica.region', expected: 'another Region than the ledger', found: s3.region }]
      : []),
  ];
}
