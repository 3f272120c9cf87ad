import type { Instant } from '../base/time.js';
import type { Plan } from '../plan/plan.js';

/** Something that the plan wants to be kept in the repository, and to be young. */
export interface KeptRow {
  readonly id: 'backup' | 'drill';
  /** Where it lies. */
  readonly folder: string;
  /** How old the newest may be. */
  readonly maxAgeSeconds: (plan: Plan) => number;
  /** What to run for a new one. */
  readonly command: string;
}

/** PORT: those who know the inside of what is kept; each answers the newest that counts, null where there is none. */
export type KeptReaders = Readonly<Record<KeptRow['id'], () => Promise<Kept | null>>>;

export interface Kept {
  /** When it was made; null where what lies there does not say so in a way that is known here. */
  readonly at: Instant | null;
  readonly detail: string;
  /** What is wrong with it but its age, a sentence each. */
  readonly wrong: readonly string[];
}

/** THE table of what is kept beside records. */
export const KEPT_ROWS: readonly KeptRow[] = [
  {
    id: 'backup',
    folder: 'backups',
    maxAgeSeconds: ({ recovery }) => recovery.rpoSeconds,
    command: 'custody policy backup',
  },
  {
    id: 'drill',
    folder: 'drills',
    maxAgeSeconds: ({ recovery }) => recovery.drillPeriodDays * 86_400,
    command: 'custody dr verify',
  },
];

/** One row as it was found. */
export interface KeptFound {
  readonly row: KeptRow;
  readonly kept: Kept | null;
}

/** Reads every row. @throws CustodyError what reading throws */
export async function readKept(readers: KeptReaders): Promise<readonly KeptFound[]> {
  return Promise.all(KEPT_ROWS.map(async (row) => ({ row, kept: await readers[row.id]() })));
}
