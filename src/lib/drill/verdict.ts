import { DRILL_IDS, type DrillId, isOptional } from './drills.js';

/** One thing that was looked at, and what was found. */
export interface DrillCheck {
  /** `<drill>.<what>`, with the key where it is about one: `data.case-data`. */
  readonly id: string;
  readonly drill: DrillId;
  /** A key's name in the plan; null where it is about no single one. */
  readonly key: string | null;
  /** `skip`: it was not or could not be looked at, and so is unproven. `none`: the plan has nothing that it is about. */
  readonly status: 'pass' | 'fail' | 'skip' | 'none';
  /** The check has seen data come back. */
  readonly provesData: boolean;
  /** How long it took. */
  readonly millis: number;
  readonly detail: string;
}

export type DrillVerdict = 'verified' | 'not-verified';

export interface Judgement {
  readonly verdict: DrillVerdict;
  /** Ids of checks that failed: the losses. */
  readonly failed: readonly string[];
  /**
   * Ids of checks that were not made, `<key>: no data proven` for keys of which nothing was, and `<drill>: nothing was looked at` for
   * drills that say nothing at all.
   */
  readonly unproven: readonly string[];
}

/**
 * Success is constructed: for each key of the plan data has come back, each drill of the table has looked at something, nothing
 * failed, and nothing was left out (T45) but of drills that need other people, which is told as unproven. A drill of no keys, or of
 * no checks, is never verified.
 */
export function judgeDrill(
  checks: readonly Omit<DrillCheck, 'detail' | 'millis'>[],
  keys: readonly string[],
): Judgement {
  const failed = checks.filter(({ status }) => status === 'fail').map(({ id }) => id);
  const open = checks.filter(({ status }) => status === 'skip');
  const proven = new Set(
    checks.flatMap(({ status, provesData, key }) => (status === 'pass' && provesData ? [key] : [])),
  );
  const bare = keys.filter((key) => !proven.has(key)).map((key) => `${key}: no data proven`);
  // What says nothing of itself is no success either: evidence may come from whoever can sign.
  const silent = DRILL_IDS.filter((id) => !checks.some(({ drill }) => drill === id));
  const wanted = [
    ...idsOf(open, false),
    ...silentIn(silent, false),
    ...bare,
    ...(keys.length === 0 ? ['no key at all'] : []),
  ];
  const unproven = [...wanted, ...idsOf(open, true), ...silentIn(silent, true)];
  const good = failed.length + wanted.length === 0;
  return { verdict: good ? 'verified' : 'not-verified', failed, unproven };
}

function idsOf(open: readonly Pick<DrillCheck, 'id' | 'drill'>[], optional: boolean): readonly string[] {
  return open.filter(({ drill }) => isOptional(drill) === optional).map(({ id }) => id);
}

function silentIn(silent: readonly DrillId[], optional: boolean): readonly string[] {
  return silent.filter((id) => isOptional(id) === optional).map((id) => `${id}: nothing was looked at`);
}
