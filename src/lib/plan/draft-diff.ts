import { formatCanonical, type JsonValue } from '../base/canonical-json.js';
import { isObject } from '../base/fields.js';
import type { Plan } from './plan.js';

/** One field in which two plans differ; `undefined` where a plan does not have it. */
export interface PlanChange {
  readonly path: string;
  readonly from: JsonValue | undefined;
  readonly to: JsonValue | undefined;
}

/** What changes from plan `a` to plan `b`, by path (`keys.root.rotation.periodDays`), sorted. Lists of values change as a whole. */
export function diffPlans(a: Plan, b: Plan): readonly PlanChange[] {
  const changes: PlanChange[] = [];
  compare(a as unknown as JsonValue, b as unknown as JsonValue, '', changes);
  return changes.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
}

function compare(from: JsonValue | undefined, to: JsonValue | undefined, path: string, changes: PlanChange[]): void {
  const left = membersOf(from);
  const right = membersOf(to);
  if (left && right) {
    for (const name of new Set([...left.keys(), ...right.keys()])) {
      const at = name.startsWith('[') || path === '' ? `${path}${name}` : `${path}.${name}`;
      compare(left.get(name), right.get(name), at, changes);
    }
  } else if (textOf(from) !== textOf(to)) {
    changes.push({ path, from, to });
  }
}

/** The parts of a mapping, or of a list of mappings; null for what changes as a whole. */
function membersOf(value: JsonValue | undefined): ReadonlyMap<string, JsonValue> | null {
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    return items.some(isObject) ? new Map(items.map((item, at) => [`[${at}]`, item])) : null;
  }
  return isObject(value) ? new Map(Object.entries(value) as [string, JsonValue][]) : null;
}

function textOf(value: JsonValue | undefined): string | undefined {
  return value === undefined ? undefined : formatCanonical(value);
}
