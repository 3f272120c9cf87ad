import type { Instant } from '../base/time.js';
import type { Plan } from '../plan/plan.js';
import type { View } from '../record/store.js';

/** Something that the plan wants to be kept in the repository, and to be young. */
export interface KeptRow {
  readonly id: 'backup' | 'drill';
  /** Where it lies. */
  readonly folder: string;
  /** How old the newest may be. */
  readonly maxAgeSeconds: (plan: Plan) => number;
  /** What to run for a new one; null while there is no such command. */
  readonly command: string | null;
  /** The newest one; null where there is none. */
  readonly read: (view: View, readers: KeptReaders) => Promise<Kept | null>;
}

/** PORT: those who know the inside of what is kept. */
export interface KeptReaders {
  /** The newest backup, wherever the plan has them lie. */
  readonly backup: () => Promise<Kept | null>;
}

export interface Kept {
  /** When it was made; null where what lies there does not say so in a way that is known here. */
  readonly at: Instant | null;
  readonly detail: string;
  /** What is wrong with it but its age, a sentence each. */
  readonly wrong: readonly string[];
}

/** THE table of what is kept beside records: whoever knows the inside of a folder fills in its row. */
export const KEPT_ROWS: readonly KeptRow[] = [
  {
    id: 'backup',
    folder: 'backups',
    maxAgeSeconds: ({ recovery }) => recovery.rpoSeconds,
    command: 'custody policy backup',
    read: (_, { backup }) => backup(),
  },
  {
    id: 'drill',
    folder: 'drills',
    maxAgeSeconds: ({ recovery }) => recovery.drillPeriodDays * 86_400,
    command: null,
    read: (view) => filesIn(view, 'drills'),
  },
];

/** Files without a reader prove nothing of their age. */
async function filesIn(view: View, folder: string): Promise<Kept | null> {
  const { length } = await view.pathsUnder(`${folder}/`);
  return length === 0
    ? null
    : { at: null, detail: `${length} files under ${folder}/, whose age is not read`, wrong: [] };
}

/** One row as it was found. */
export interface KeptFound {
  readonly row: KeptRow;
  readonly kept: Kept | null;
}

/** Reads every row at one head. @throws CustodyError what reading throws */
export async function readKept(
  view: View,
  readers: KeptReaders,
  rows: readonly KeptRow[] = KEPT_ROWS,
): Promise<readonly KeptFound[]> {
  return Promise.all(rows.map(async (row) => ({ row, kept: await row.read(view, readers) })));
}
