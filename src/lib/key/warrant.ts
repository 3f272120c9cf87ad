import type { Digest } from '../base/bytes.js';

/**
 * THE closed list of what AWS is called for. Each but `use` may do something that `use` may not; which calls, and the reason,
 * say the policies (policies/custody/guard.rego), and a test compares both lists.
 */
export const PURPOSES = [
  'drill.executor',
  'drill.scratch',
  'execute',
  'ledger.append',
  'ledger.provision',
  'ledger.read',
  'rehearse.attack',
  'signer.create',
  'trail.read',
  'use',
  'veto',
] as const;

export type Purpose = (typeof PURPOSES)[number];

/** What is known of the request that is carried out, from the one who has judged it. */
export interface QuorumFacts {
  readonly requestId: string;
  readonly digest: Digest;
  readonly action: string;
  readonly class: string;
  /** Approvals that count, of different people. */
  readonly approvals: number;
  readonly threshold: number;
  /** Id of who executes. */
  readonly executor: string;
  /** Operations of the signed calls. */
  readonly operations: readonly string[];
  /** Name of the key in the plan. */
  readonly key: string | null;
}

/** Why calls are made: what the guard judges them by. */
export interface Warrant {
  readonly purpose: Purpose;
  readonly quorum?: QuorumFacts;
  /** A key that the caller has made for a drill, or whose tag says so. */
  readonly scratch?: string;
}
