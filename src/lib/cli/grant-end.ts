import { Args } from '@oclif/core';
import { endGrantProposal } from '../request/access.js';
import type { Seat } from './context.js';
import { openFlags, openOne, regionFlag } from './open-flags.js';

/** What both ways of ending a grant take. */
export const endGrantArgs = {
  key: Args.string({ description: 'name, alias, key id or ARN', required: true }),
  grant: Args.string({ description: 'id of the grant', required: true }),
};
export const endGrantFlags = { ...openFlags, ...regionFlag };

interface Given {
  readonly args: { readonly key: string; readonly grant: string };
  readonly flags: {
    readonly reason: string;
    readonly executor?: string | undefined;
    readonly in?: string | undefined;
    readonly 'dry-run': boolean;
  };
}

/** Opens the request that ends a grant. The two differ only in what CloudTrail says of it. */
export async function openGrantEnd(seat: Seat, action: 'key.revoke' | 'key.retire', { args, flags }: Given) {
  const how = { reason: flags.reason, executor: flags.executor ?? null };
  const where = { key: args.key, region: flags.in ?? null };
  const proposal = await endGrantProposal(seat, where, action, args.grant, how);
  return openOne(seat, proposal, flags['dry-run']);
}
