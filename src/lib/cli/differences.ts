import type { PlanChange } from '../plan/draft-diff.js';
import type { Difference } from '../plan/estate.js';
import { changeBlock } from './render.js';

/** Where a live key and the plan differ: what is, and what the plan says. */
export function differenceText({ key, region, kind, expected, found }: Difference): string {
  return changeBlock(`${key} (${region}): ${kind}`, found, expected);
}

/** What a draft would change in the plan in force. */
export function planChangeText({ path, from, to }: PlanChange): string {
  return changeBlock(path, valueText(from), valueText(to));
}

function valueText(value: PlanChange['from']): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
