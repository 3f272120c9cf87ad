import { hintOfKeyId, isSignedBy, type Signed } from '../record/envelope.js';
import type { Identity, Roster } from '../roster/roster.js';
import { identitiesOf } from '../roster/rules.js';

const byHint = new WeakMap<Roster, ReadonlyMap<string, Identity>>();

function hintsOf(roster: Roster): ReadonlyMap<string, Identity> {
  const known = byHint.get(roster);
  if (known) return known;
  const hints = new Map(
    [...identitiesOf(roster).values()].map((identity) => [hintOfKeyId(identity.key.keyId), identity]),
  );
  byHint.set(roster, hints);
  return hints;
}

/**
 * Who signed a record: the entry whose key verifies it. The hint only says which key to try; the first roster of
 * `rosters` that knows the key decides. `unknown` when none does, `invalid` when the key is known and does not verify.
 */
export function signerOf(record: Signed, ...rosters: readonly Roster[]): Identity | 'unknown' | 'invalid' {
  for (const roster of rosters) {
    const identity = hintsOf(roster).get(record.hint);
    if (identity) return verifies(record, identity) ? identity : 'invalid';
  }
  return 'unknown';
}

const verified = new WeakMap<Signed, { readonly identity: Identity; readonly valid: boolean }>();

/** One verification a record and identity: judging looks at a record more than once. */
function verifies(record: Signed, identity: Identity): boolean {
  const known = verified.get(record);
  if (known?.identity === identity) return known.valid;
  const valid = isSignedBy(record, identity.key);
  verified.set(record, { identity, valid });
  return valid;
}
