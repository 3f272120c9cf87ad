import type { ObservedEstate, ObservedKey } from '../plan/estate.js';
import { observeEstate } from '../request/estate.js';
import { knownKeys } from '../request/known-keys.js';
import type { Scene } from './ports.js';
import { type Answer, fail, open } from './probe.js';

/** Every planned key in every Region, as far as it could be read. */
export function observeKeys({ aws, state, cases, ports }: Scene): Promise<ObservedEstate> {
  const { plan } = state.plan;
  return observeEstate(aws.reader, plan, ports.progress, { known: knownKeys(plan, cases) });
}

/** The key in a Region, or why there is nothing to go on with. */
export function keyIn(
  estate: ObservedEstate,
  name: string,
  region: string,
): { readonly found: ObservedKey; readonly answer: null } | { readonly found: null; readonly answer: Answer } {
  const found = estate[region]?.[name];
  if (found === undefined) return { found: null, answer: open(`${name} in ${region} could not be read`) };
  if (found === null) return { found: null, answer: fail(`there is no ${name} in ${region}`) };
  return { found, answer: null };
}
