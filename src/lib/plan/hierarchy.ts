import type { Fault } from '../base/fields.js';
import { nearest } from './nearest.js';
import type { PlannedKey } from './plan.js';

type Keys = Readonly<Record<string, Partial<PlannedKey>>>;

/** Faults of the tree: parents that are not there, circles, no root or several, one alias for two keys. */
export function hierarchyFaults(keys: Keys): Fault[] {
  return [...parentFaults(keys), ...rootFaults(keys), ...aliasFaults(keys)];
}

function parentFaults(keys: Keys): Fault[] {
  const faults: Fault[] = [];
  const names = Object.keys(keys);
  for (const [name, { parent }] of Object.entries(keys)) {
    if (parent === undefined || parent === null) continue;
    const path = `keys.${name}.parent`;
    if (!Object.hasOwn(keys, parent)) {
      const meant = nearest(parent, names);
      faults.push({ path, expected: `the name of a key${meant ? ` (did you mean ${meant}?)` : ''}`, found: parent });
    } else if (isInCircle(keys, name)) {
      faults.push({ path, expected: 'a key that does not descend from this one', found: parent });
    }
  }
  return faults;
}

function isInCircle(keys: Keys, start: string): boolean {
  const seen = new Set<string>();
  let at = keys[start]?.parent;
  while (typeof at === 'string' && Object.hasOwn(keys, at) && !seen.has(at)) {
    if (at === start) return true;
    seen.add(at);
    at = keys[at]?.parent;
  }
  return false;
}

function rootFaults(keys: Keys): Fault[] {
  const entries = Object.entries(keys);
  const roots = entries.filter(([, { parent }]) => parent === null).map(([name]) => name);
  // A key whose parent could not be read may be the root that is missing.
  if (roots.length === 0 && entries.length > 0 && entries.every(([, { parent }]) => parent !== undefined)) {
    return [{ path: 'keys', expected: 'one key with parent: null, the root', found: 'none' }];
  }
  return roots.slice(1).map((name) => ({
    path: `keys.${name}.parent`,
    expected: `one root (${roots[0]} is one)`,
    found: 'null',
  }));
}

function aliasFaults(keys: Keys): Fault[] {
  const holders = new Map<string, string>();
  const faults: Fault[] = [];
  for (const [name, { alias }] of Object.entries(keys)) {
    if (alias === undefined) continue;
    const holder = holders.get(alias);
    if (holder === undefined) holders.set(alias, name);
    else
      faults.push({
        path: `keys.${name}.alias`,
        expected: `an alias of its own (${holder} has this one)`,
        found: alias,
      });
  }
  return faults;
}
