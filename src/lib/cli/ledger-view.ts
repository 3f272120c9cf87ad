import type { Clock } from '../base/time.js';
import type { VerifyDepth } from '../inspect/audit-walk.js';
import type { CheckReport } from '../inspect/check.js';
import type { FoundCheckpoint } from '../inspect/checkpoints.js';
import type { LedgerName } from '../ledger/checkpoint.js';
import type { LedgerMemory, RememberedLedger } from '../ledger/memory.js';
import type { LedgerReader } from '../ledger/read.js';
import type { LedgerHead } from '../ledger/store.js';
import type { HashSubtree } from '../ledger/subtrees.js';

/** What a look at a whole ledger answers. */
export interface LedgerVerdict extends CheckReport {
  readonly head: LedgerHead;
  readonly entries: number;
  readonly from: number;
  readonly root: string;
}

/** A ledger that a command works on, wherever it lies. */
export interface LedgerPlace {
  readonly name: LedgerName;
  /** Of its checkpoints; null where no repository says who may sign them. */
  readonly origin: string | null;
  readonly reader: LedgerReader;
  readonly hashSources: () => Promise<readonly HashSubtree[]>;
  readonly memory: LedgerMemory;
  /** The clock of the repository; without one, of this machine. */
  readonly clock: Clock;
  /** Signed by somebody of the roster in force, of this ledger. */
  checkpoints(): Promise<readonly FoundCheckpoint[]>;
  verify(depth: VerifyDepth): Promise<{
    readonly report: LedgerVerdict;
    readonly toRemember: Omit<RememberedLedger, 'at'> | null;
  }>;
  /** Puts a signed checkpoint where others find it; its path. @throws CustodyError REMOTE_UNREACHABLE, STORAGE */
  publish(size: number, note: Uint8Array): Promise<string>;
}
