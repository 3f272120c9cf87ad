import type { Digest } from '../base/bytes.js';
import { planDigest } from '../plan/format.js';
import type { NumberedPlan } from '../plan/plan.js';
import { rosterDigest } from '../roster/format.js';
import type { Roster } from '../roster/roster.js';
import type { Rules } from './newest.js';

const RULE_PATH = /^(roster|plan)\/(\d+)\.json$/;

/** Is this one of the numbered rules, which lie beside backups in the custody repository? */
export function isRulePath(path: string): boolean {
  return RULE_PATH.test(path);
}

interface Numbered<T> {
  readonly byDigest: ReadonlyMap<Digest, T>;
  /** The newest version that a commit has brought. */
  committed: number;
  /** The newest version that a backup has named. */
  named: number;
}

/**
 * Which rules counted when: a key that was taken off the roster, or an identity off the plan, must not sign under an older
 * one. In the custody repository the commits say what was in force; elsewhere backups name it, and never go back.
 */
export class RulesOfItsTime {
  readonly #roster: Numbered<Roster>;
  readonly #plan: Numbered<NumberedPlan>;

  constructor(
    { rosters, plans }: Pick<Rules, 'rosters' | 'plans'>,
    private readonly isCustody: boolean,
  ) {
    this.#roster = numbered(rosters.map((roster) => [rosterDigest(roster), roster]));
    this.#plan = numbered(plans.map((plan) => [planDigest(plan), plan]));
  }

  /** A commit wrote a file. */
  sees(path: string): void {
    const [, noun, version] = RULE_PATH.exec(path) ?? [];
    if (noun === undefined) return;
    const one = noun === 'roster' ? this.#roster : this.#plan;
    one.committed = Math.max(one.committed, Number(version));
  }

  /** The rules that a statement names, and what is wrong with its naming them. */
  named(said: { readonly rosterDigest: Digest; readonly planDigest: Digest }) {
    const roster = this.#roster.byDigest.get(said.rosterDigest) ?? null;
    const plan = this.#plan.byDigest.get(said.planDigest) ?? null;
    const faults = [this.#fault('roster', this.#roster, roster), this.#fault('plan', this.#plan, plan)];
    return { roster, plan, faults: faults.filter((one) => one !== null) };
  }

  #fault(noun: string, kept: Numbered<unknown>, found: { readonly version: number } | null): string | null {
    if (found === null) return `names a ${noun} that was never in force`;
    const expected = this.isCustody ? kept.committed : kept.named;
    kept.named = Math.max(kept.named, found.version);
    const wrong = this.isCustody ? found.version !== expected : found.version < expected;
    return wrong ? `names ${noun} ${found.version}; ${noun} ${expected} was in force` : null;
  }
}

function numbered<T>(entries: readonly (readonly [Digest, T])[]): Numbered<T> {
  return { byDigest: new Map(entries), committed: 0, named: 0 };
}
