import { gatherLive, type Organization, proveEvidence } from '../inspect/proof.js';
import { liveKeys, lookUpTrail, subjectOf } from '../inspect/reconcile/gather.js';
import { reconcile } from '../inspect/reconcile/reconcile.js';
import type { AccountReader } from '../key/account.js';
import type { KeyReader } from '../key/key.js';
import type { Case, Refused } from '../request/case.js';
import type { InForce } from '../request/in-force.js';
import { knownKeys } from '../request/known-keys.js';
import type { Ports } from '../request/ports.js';
import { successionsOf } from '../request/successors.js';
import type { TrailReader } from '../trail/reader.js';
import type { Inspections } from './ports.js';

/** Where the inspections of a drill look. */
export interface Sources {
  readonly ports: Ports;
  readonly state: InForce;
  readonly cases: readonly Case[];
  readonly refused: readonly Refused[];
  readonly reader: KeyReader;
  readonly account: AccountReader;
  readonly trail: TrailReader;
  readonly organization: Organization;
}

/** What `policy prove` and `policy reconcile` do, as parts of a drill. */
export function inspectionsOf(sources: Sources): Inspections {
  const { ports, state, cases, refused, reader, account, trail, organization } = sources;
  const { plan } = state.plan;
  const tell = ports.progress;
  return {
    trust: async (roleArn) => (await account.role(roleArn))?.trust ?? null,
    prove: async () => {
      const scope = { known: knownKeys(plan, cases), successions: successionsOf(cases) };
      const question = { plan, roster: state.roster, names: Object.keys(plan.keys), organization };
      return proveEvidence(question, await gatherLive({ reader, account }, question, tell, scope));
    },
    reconcile: async (since) => {
      const evidence = await lookUpTrail(trail, plan, since, ports.clock.now(), tell);
      const live = await liveKeys(reader, plan, tell);
      return reconcile(subjectOf({ state, cases, refused, live }, evidence, since));
    },
  };
}
