import { type Instant, secondsBetween } from '../base/time.js';
import type { DrillId } from './drills.js';
import type { DrillCheck } from './verdict.js';

/** What has to be done one after the other to get everything back; the rest can be done at the same time. */
const STEPS: readonly { readonly id: DrillId; readonly after: readonly DrillId[] }[] = [
  { id: 'backup', after: [] },
  { id: 'ledger', after: ['backup'] },
  { id: 'quorum', after: ['ledger'] },
  { id: 'regions', after: [] },
  { id: 'policies', after: ['backup', 'quorum'] },
  { id: 'data', after: ['policies', 'regions'] },
];

export interface RecoveryStep {
  readonly id: DrillId;
  readonly millis: number;
  /** On the longest way: to be faster here is to be faster. */
  readonly critical: boolean;
}

export interface RecoveryTime {
  readonly steps: readonly RecoveryStep[];
  /** Length of the longest way. */
  readonly millis: number;
}

/** How long a recovery takes by what was measured: the longest way through the steps. Waiting for people is not part of it. */
export function recoveryTime(checks: readonly Pick<DrillCheck, 'drill' | 'millis'>[]): RecoveryTime {
  const millisOf = (id: DrillId) =>
    checks.filter(({ drill }) => drill === id).reduce((sum, { millis }) => sum + millis, 0);
  const ways = new Map<DrillId, { readonly millis: number; readonly path: readonly DrillId[] }>();
  for (const { id, after } of STEPS) {
    const before = longest(after.flatMap((step) => ways.get(step) ?? []));
    ways.set(id, { millis: before.millis + millisOf(id), path: [...before.path, id] });
  }
  const { millis, path } = longest([...ways.values()]);
  return { steps: STEPS.map(({ id }) => ({ id, millis: millisOf(id), critical: path.includes(id) })), millis };
}

function longest<T extends { readonly millis: number; readonly path: readonly DrillId[] }>(ways: readonly T[]) {
  const none: { readonly millis: number; readonly path: readonly DrillId[] } = { millis: 0, path: [] };
  return ways.reduce((best, way) => (way.millis > best.millis || best.path.length === 0 ? way : best), none);
}

/**
 * What would be lost today: what came after the newest backup, and entries of the ledger that no copy has.
 * @param backupAt null without a backup; then nothing bounds the loss
 * @param oldestUncopied of the ledger's entries that no copy has; null where some copy has all
 * @returns seconds; null where nothing bounds it
 */
export function recoveryPoint(backupAt: Instant | null, oldestUncopied: Instant | null, now: Instant): number | null {
  if (backupAt === null) return null;
  const ages = [backupAt, oldestUncopied ?? now].map((at) => Math.max(0, secondsBetween(at, now)));
  return Math.ceil(Math.max(...ages));
}
