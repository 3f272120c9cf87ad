import type { Digest } from '../base/bytes.js';
import type { Instant } from '../base/time.js';
import type { Plan } from '../plan/plan.js';
import type { OpenRecord } from '../record/envelope.js';
import type { CustodianId, Identity, Roster } from '../roster/roster.js';
import type { FoundSigner } from './signer.js';

/** How far two honest clocks may be apart (T12). */
export const CLOCK_TOLERANCE_SECONDS = 300;

/**
 * Where the intent of a request stands: in the commit right after the head that it names, while the request's plan and roster
 * were in force; after them; or in another commit.
 */
export type IntentPlace = 'on-its-head' | 'under-other-rules' | 'elsewhere';

/** What a judgement rests on: records as they were read, nothing verified yet. */
export interface Evidence {
  readonly request: OpenRecord<'request'>;
  /** Everything else in the request's folder, in any order. */
  readonly records: readonly OpenRecord[];
  /**
   * For each record file, the files of this request that the head named in it already held; null when that head is
   * not in the history. This alone says what came before what: neither Git's order nor `at` does.
   */
  readonly sees: ReadonlyMap<Digest, ReadonlySet<Digest> | null>;
  /** Null without an intent. */
  readonly intentPlace: IntentPlace | null;
}

/** The rules that the request is judged by. */
export interface Rules {
  readonly repository: string;
  /** Plan and roster that the request names, and what is in force now. */
  readonly plan: Plan;
  readonly planDigest: Digest;
  readonly roster: Roster;
  readonly rosterDigest: Digest;
  readonly inForce: { readonly planDigest: Digest; readonly rosterDigest: Digest };
  /** For changes of plan or roster: the rules that would follow, which must be satisfied too (T25, T67). */
  readonly next?: { readonly plan: Plan; readonly roster: Roster };
  /** Custodians whose power is suspended; freezing only removes power (T27). */
  readonly frozen: ReadonlySet<CustodianId>;
}

/** What every step of one judgement goes by. */
export interface Basis {
  readonly evidence: Evidence;
  readonly rules: Rules;
  readonly requester: Identity;
  /** Who signed an approval, rejection or withdrawal, by the rules' rosters. */
  readonly signerOf: (record: OpenRecord) => FoundSigner;
}

export type RequestState =
  | 'pending'
  | 'approved'
  | 'cooling'
  | 'executing'
  | 'executed'
  | 'rejected'
  | 'withdrawn'
  | 'expired'
  | 'failed';

/** Why a record does not count. */
export type Ignored =
  | 'signature-invalid'
  | 'signer-unknown'
  | 'signer-is-not-the-author'
  | 'other-repository'
  | 'other-request'
  | 'automation-cannot-approve'
  | 'not-the-requester'
  | 'head-unknown'
  | 'before-the-request'
  | 'after-the-window'
  | 'from-the-future'
  | 'self-approval'
  | 'withdrawn'
  | 'frozen'
  | 'same-person'
  | 'own-removal'
  | 'after-the-intent';

/** One record with what became of it. */
export interface Judged<K extends 'approval' | 'rejection' | 'withdrawal'> {
  readonly record: OpenRecord<K>;
  /** Null when no key of the roster verifies it. */
  readonly signer: Identity | null;
  readonly counted: boolean;
  readonly ignoredBecause: Ignored | null;
}

export interface Verdict {
  readonly state: RequestState;
  /** One sentence for people. */
  readonly because: string;
  readonly requester: Identity;
  readonly threshold: number;
  readonly approvals: readonly Judged<'approval'>[];
  readonly rejections: readonly Judged<'rejection'>[];
  readonly withdrawals: readonly Judged<'withdrawal'>[];
  /** When the counted approvals first sufficed. */
  readonly approvedAt: Instant | null;
  readonly coolUntil: Instant | null;
  readonly executeBy: Instant | null;
  readonly missing: { readonly signatures: number; readonly duties: number; readonly newKeys: number };
  readonly intent: OpenRecord<'intent'> | null;
  readonly receipt: OpenRecord<'receipt'> | null;
}
