import { isSignedBy, type KeyBundle } from '../base/bundle.js';
import { hintOfKeyId } from '../record/envelope.js';
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
export function signerOf(record: KeyBundle, ...rosters: readonly Roster[]): FoundSigner {
  for (const roster of rosters) {
    const identity = hintsOf(roster).get(record.hint);
    if (identity) return isSignedBy(record, identity.key) ? identity : 'invalid';
  }
  return 'unknown';
}

export type FoundSigner = Identity | 'unknown' | 'invalid';

/** `signerOf` for as long as one judgement takes, which looks at a record more than once and verifies it once. */
export function rememberingSigners(...rosters: readonly Roster[]): (record: KeyBundle) => FoundSigner {
  const found = new Map<KeyBundle, FoundSigner>();
  return (record) => {
    const signer = found.get(record) ?? signerOf(record, ...rosters);
    found.set(record, signer);
    return signer;
  };
}
