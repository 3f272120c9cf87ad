import { formatPublicKeyPem } from '../base/signature.js';
import type { NumberedPlan } from '../plan/plan.js';
import type { Roster } from '../roster/roster.js';
import { identitiesOf } from '../roster/rules.js';
import type { StatementSignerIdentity } from '../signing/statement-signer.js';

/** How the ledger names one whom a Sigstore instance certified. */
export const KEYLESS = 'keyless';

/**
 * Who may sign backups: a seat or an automation identity of a roster by a key that it lists, or an identity that a plan
 * lists, issuer and subject compared exactly (T20). Null for anyone else.
 */
export function nameOfSigner(
  signer: StatementSignerIdentity,
  rosters: readonly Roster[],
  plans: readonly NumberedPlan[],
): string | null {
  if (signer.kind === 'key')
    return rosters.map((roster) => identitiesOf(roster).get(signer.keyId)?.id).findLast(Boolean) ?? null;
  const listed = plans.flatMap(({ plan }) => plan.sigstore?.identities ?? []);
  return listed.some(({ issuer, subject }) => issuer === signer.issuer && subject === signer.subject) ? KEYLESS : null;
}

/** For screens and JSON. */
export function signerText(signer: StatementSignerIdentity): string {
  return signer.kind === 'key' ? signer.keyId : `${signer.subject} (${signer.issuer})`;
}

/** The public key of a listed signer as PEM, for people with cosign; null for one without a key. */
export function publicKeyPem(signer: StatementSignerIdentity, rosters: readonly Roster[]): Uint8Array | null {
  if (signer.kind !== 'key') return null;
  const found = rosters.map((roster) => identitiesOf(roster).get(signer.keyId)).find((one) => one !== undefined);
  return found ? Buffer.from(formatPublicKeyPem(found.key), 'utf8') : null;
}
