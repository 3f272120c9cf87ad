import type { Instant } from '../base/time.js';
import type { ReconcileReport } from '../inspect/reconcile/reconcile.js';
import type { LedgerHead } from '../ledger/store.js';
import type { OpenRecord } from '../record/envelope.js';
import type { Memory } from '../record/memory.js';
import type { Case, Refused } from '../request/case.js';
import type { InForce } from '../request/in-force.js';
import type { Identity } from '../roster/roster.js';
import type { KeptFound } from './kept.js';
import type { KeysSeen } from './keys.js';

/** What was looked at, or why it was not. */
export type Looked<T> = { readonly found: T } | { readonly because: string };

/** A challenge of the drill that is open (docs/drills.md). */
export interface WaitingChallenge {
  readonly id: string;
  readonly digest: string;
  /** Who asked. */
  readonly by: string;
  /** Answers count until then. */
  readonly until: Instant;
  /** Custodians who have not answered. */
  readonly silent: readonly string[];
}

/** What AWS says of the plan's account. */
export interface AwsSeen {
  readonly callerArn: string;
  readonly host: string;
  readonly keys: KeysSeen;
  readonly trail: Looked<ReconcileReport & { readonly since: Instant }>;
}

/** Everything that the front page rests on. */
export interface StatusEvidence {
  readonly state: InForce;
  /** Whether `state` is what the remote says now. */
  readonly remote: Looked<'reached'>;
  readonly memory: Memory | null;
  readonly cases: readonly Case[];
  readonly refused: readonly Refused[];
  readonly heartbeats: readonly OpenRecord[];
  /** Records that wait in this clone for the network. */
  readonly outbox: number;
  /** In how many places the draft differs from the plan in force. */
  readonly draft: Looked<number>;
  readonly ledger: Looked<LedgerHead>;
  readonly kept: readonly KeptFound[];
  /** Null where none is open. */
  readonly challenge: WaitingChallenge | null;
  /** Who looks; null for nobody in particular. */
  readonly identity: Identity | null;
  readonly aws: Looked<AwsSeen>;
}
