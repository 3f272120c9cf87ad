import type { Instant } from '../base/time.js';
import type { CheckReport } from '../inspect/check.js';
import type { ReconcileFinding } from '../inspect/reconcile/finding.js';
import type { LedgerHead } from '../ledger/store.js';
import type { Enforcement } from '../policy/enforcement.js';
import type { SeatLife } from './life.js';
import type { RequestLine, Task } from './tasks.js';

/** The parts of the front page, in its order. */
export const SECTIONS = [
  'repository',
  'keys',
  'slots',
  'requests',
  'roster',
  'reconciliation',
  'ledger',
  'backup',
  'drill',
] as const;
export type Section = (typeof SECTIONS)[number];

/** `error`: something is wrong now. `warning`: something is late or will go wrong. `note`: worth knowing. */
export type StatusSeverity = 'error' | 'warning' | 'note';

export interface StatusFinding {
  readonly section: Section;
  readonly severity: StatusSeverity;
  /** Of the plan; null where it is about none. */
  readonly key: string | null;
  readonly text: string;
  /** What to run about it; null where no command helps. */
  readonly command: string | null;
}

/** A key at a glance; what AWS would have to say is null where it was not asked. */
export interface KeyLine {
  readonly name: string;
  readonly alias: string;
  readonly state: string | null;
  readonly nextRotationAt: Instant | null;
  /** Whose word `nextRotationAt` is: AWS's and the plan's, or that of the records alone. */
  readonly dueBy: 'aws' | 'records' | null;
  readonly rotationDue: boolean;
  readonly enforcement: Enforcement | null;
}

/** What to do next, the most urgent first. */
export interface Need {
  readonly command: string;
  readonly because: string;
  readonly kind: Task['kind'] | 'finding';
}

/** The front page. */
export interface StatusReport extends CheckReport {
  readonly at: Instant;
  readonly identity: string | null;
  readonly repository: { readonly id: string; readonly planVersion: number; readonly rosterVersion: number };
  readonly keys: readonly KeyLine[];
  readonly requests: readonly RequestLine[];
  readonly roster: { readonly threshold: number; readonly seats: readonly SeatLife[] };
  readonly ledger: {
    readonly head: LedgerHead | null;
    readonly commit: string;
    readonly remembered: { readonly head: string | null; readonly seenAt: Instant } | null;
  };
  readonly reconciliation: {
    readonly since: Instant;
    readonly findings: readonly ReconcileFinding[];
    readonly denied: number;
  } | null;
  readonly kept: readonly { readonly id: string; readonly at: Instant | null; readonly found: boolean }[];
  readonly findings: readonly StatusFinding[];
  readonly needs: readonly Need[];
}
