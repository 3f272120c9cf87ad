import type { Principal } from '../backup/snapshot.js';
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

/**
 * Live policies with the roles that the newest backup knows under their names. Of a role that is gone IAM shows the unique id in
 * its place (IAM User Guide, "AWS JSON policy elements: Principal"): that is no other policy, and the drill of policies says who is gone.
 */
export function withRolesNamed(estate: ObservedEstate, roles: readonly Principal[]): ObservedEstate {
  const rename = (text: string) =>
    roles.reduce((done, { arn, uniqueId }) => (uniqueId ? done.replaceAll(`"${uniqueId}"`, `"${arn}"`) : done), text);
  const named = (key: ObservedKey | null) =>
    key === null || key.policy === null ? key : { ...key, policy: rename(key.policy) };
  const rows = Object.entries(estate).map(([region, keys]) => {
    const found = Object.entries(keys).map(([name, key]) => [name, named(key)] as const);
    return [region, Object.fromEntries(found)] as const;
  });
  return Object.fromEntries(rows);
}
