import type { Digest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import { planDigest } from '../plan/format.js';
import type { NumberedPlan } from '../plan/plan.js';
import type { Line, View } from '../record/store.js';
import { rosterDigest } from '../roster/format.js';
import type { Roster } from '../roster/roster.js';
import { type Case, readCases } from './case.js';

/** What is in force so far. */
interface Accepted {
  readonly view: View;
  readonly plan: NumberedPlan;
  readonly planDigest: Digest;
  readonly roster: Roster;
  readonly rosterDigest: Digest;
}

/**
 * Finds the executed request that put the next plan or roster in force.
 * @throws CustodyError REFUSED when a numbered file stands there without one (T67)
 */
export async function acceptedDocument(
  store: Line,
  state: Accepted,
  plans: readonly NumberedPlan[],
  rosters: readonly Roster[],
  now: Instant,
): Promise<{ readonly planVersion: number; readonly rosterVersion: number }> {
  const documents = {
    plans: plans.slice(0, state.plan.version),
    rosters: rosters.slice(0, state.roster.version),
    inForce: { planDigest: state.planDigest, rosterDigest: state.rosterDigest },
  };
  const { cases } = await readCases(store, state.view, documents, now);
  const current = cases.filter(
    ({ request, verdict }) =>
      verdict.state === 'executed' &&
      request.statement.predicate.plan.digest === state.planDigest &&
      request.statement.predicate.roster.digest === state.rosterDigest,
  );
  const plan = plans[state.plan.version];
  if (plan && current.some((item) => puts(item, 'plan.update', planDigest(plan)))) {
    return { planVersion: plan.version, rosterVersion: state.roster.version };
  }
  const roster = rosters[state.roster.version];
  if (roster && current.some((item) => puts(item, 'roster.update', rosterDigest(roster)))) {
    return { planVersion: state.plan.version, rosterVersion: roster.version };
  }
  const stray = plan ? `plan ${plan.version}` : `roster ${roster?.version}`;
  throw new CustodyError('REFUSED', `${stray} stands in the repository, but no quorum put it in force`);
}

function puts({ request }: Case, action: string, digest: string): boolean {
  const said = request.statement.predicate;
  return said.action === action && said.parameters.digest === digest;
}
