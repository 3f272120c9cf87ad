import { CLAIMS, type ClaimId } from './claims.js';
import { proveAccount } from './proof/account.js';
import { proveBeside } from './proof/beside.js';
import { proveChains } from './proof/chains.js';
import { proveDirect, proveExecutorsUses } from './proof/direct.js';
import { type ClaimResult, createDocket } from './proof/docket.js';
import { openKeyCase } from './proof/key-case.js';
import { proveQuorum } from './proof/quorum.js';
import { proveReplicas } from './proof/replicas.js';
import { proveServices } from './proof/services.js';
import type { ProofSubject } from './proof/subject.js';
import { proveSingle, proveUses } from './proof/uses.js';

export interface Proof {
  /** In the order of the table; a claim that nothing was asked of is not there. */
  readonly claims: readonly ClaimResult[];
  /** How many requests were evaluated. */
  readonly evaluations: number;
}

/**
 * Tries to break every claim over key policies, and over the roles of the account where they are known. What is not broken is
 * held for every request that the claim's row speaks of: keys that whoever asks may choose are not enumerated but taken for
 * chosen in his favour, and a claim is called broken only with a request that gets through.
 */
export function prove(subject: ProofSubject): Proof {
  const docket = createDocket();
  let evaluations = 0;
  for (const key of subject.keys) {
    const it = openKeyCase(subject, key, docket);
    proveDirect(it);
    proveUses(it);
    if (subject.interlock) {
      proveExecutorsUses(it);
      proveSingle(it);
      proveQuorum(it);
    }
    evaluations += it.court.asked();
  }
  proveReplicas(subject.keys, docket);
  proveChains(subject, docket);
  if (subject.interlock) {
    evaluations += proveAccount(subject, subject.interlock, docket);
    evaluations += proveBeside(subject, subject.interlock, docket);
    evaluations += proveServices(subject, subject.interlock, docket);
  }
  return { claims: docket.results(), evaluations };
}

/** The claims about the roles behind the interlock alone: the keys' policies are not asked, only their names count. */
export function proveRoles(subject: ProofSubject): Proof {
  const docket = createDocket();
  const evaluations = subject.interlock ? proveAccount(subject, subject.interlock, docket) : 0;
  return { claims: docket.results(), evaluations };
}

/** What must be in a proof for it to be whole: without an interlock nobody has approved anything. */
export function expectedClaims({ interlock, resourceControlPolicies }: ProofSubject): readonly ClaimId[] {
  if (interlock === null) return ['no-direct-change', 'no-power-around', 'no-third-party-reencrypt', 'no-lockout'];
  const optional: readonly ClaimId[] = [
    'grants-to-users-only',
    'no-other-use',
    'uses-as-planned',
    'replicas-same-policy',
    'pinned-parameters',
    ...(interlock.repository === null ? (['own-keys-only'] as const) : []),
    ...(interlock.auditor === null ? (['auditor-reads'] as const) : []),
    ...(interlock.drills.length === 0 ? (['drill-confined'] as const) : []),
    ...(resourceControlPolicies === null ? (['services-let-in'] as const) : []),
    'automation-pinned',
  ];
  return (Object.keys(CLAIMS) as ClaimId[]).filter((id) => !optional.includes(id));
}
