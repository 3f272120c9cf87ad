import type { AuditHead } from './audit-ledger.js';
import type { BackupFindings } from './backup.js';
import type { Challenge } from './challenges.js';
import type { Canary, ScratchReceipt } from './evidence.js';
import type { Swept } from './scratch.js';
import type { DrillCheck } from './verdict.js';

/** What the drills of one run have found. */
export interface Found {
  readonly checks: DrillCheck[];
  backup: BackupFindings;
  auditLedger: AuditHead | null;
  /** Checks of replicas that have named another policy than the planned one. */
  oddReplicas: ReadonlySet<string>;
  /** What custodians were to answer. */
  challenge: Challenge | null;
  canaries: readonly Canary[];
  scratch: readonly ScratchReceipt[];
  /** Left by a drill that was cut off, and keys of exercises that were there. */
  readonly swept: Swept;
  /** Who runs the drill. */
  readonly by: string;
}

/** Before the first drill of a run. @param by who runs it */
export function nothingFound(swept: Swept, by: string): Found {
  return {
    checks: [],
    backup: { newest: null, signedAt: null, changed: null, oldestUncopied: null },
    auditLedger: null,
    oddReplicas: new Set(),
    challenge: null,
    canaries: [],
    scratch: [...swept.receipts],
    swept,
    by,
  };
}
