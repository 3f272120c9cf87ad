import { Flags } from '@oclif/core';
import type { Instant } from '../base/time.js';
import { ENTRY_KINDS, type EntryKind } from '../ledger/entry.js';
import type { EntryFilter } from '../ledger/read.js';
import { sinceOf } from './reconcile.js';

const moment = 'as 2026-01-31, an instant, or how long ago, as 30d';

/** Which entries a command shows or exports. */
export const filterFlags = {
  kind: Flags.string({ options: [...ENTRY_KINDS], description: 'only entries of this kind' }),
  key: Flags.string({ description: 'only entries of this key, as the entries name it', helpValue: 'KEY' }),
  since: Flags.string({ description: `only entries from then on, ${moment}`, helpValue: 'WHEN' }),
  until: Flags.string({ description: `only entries before then, ${moment}`, helpValue: 'WHEN' }),
};

export interface FilterFlags {
  readonly kind?: string | undefined;
  readonly by?: string | undefined;
  readonly request?: string | undefined;
  readonly key?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** @throws CustodyError USAGE for a time that cannot be read */
export function filterOf({ kind, by, request, key, since, until }: FilterFlags, now: Instant): EntryFilter {
  return {
    kind: ENTRY_KINDS.find((known): known is EntryKind => known === kind) ?? null,
    by: by ?? null,
    requestId: request ?? null,
    key: key ?? null,
    since: since === undefined ? null : sinceOf(since, now),
    until: until === undefined ? null : sinceOf(until, now),
  };
}
