import { stringify } from 'yaml';
import { type Fault, isObject } from '../base/fields.js';
import type { PlanParts } from './faults.js';
import { objectField } from './mapping.js';
import type { Plan } from './plan.js';
import { planError } from './report.js';
import { type RosterDraft, rosterDraftField } from './roster-draft.js';
import { rosterDraftFaults } from './roster-rules.js';
import { planFaults } from './rules.js';
import { PLAN_SHAPE } from './shape.js';
import { parseYaml } from './yaml.js';

/** What `custody.yaml` says: a plan, and a roster to be made and signed. */
export interface Draft {
  readonly plan: Plan;
  readonly roster: RosterDraft;
}

/** Every field of `custody.yaml`. */
export const draftField = objectField({ ...PLAN_SHAPE, roster: rosterDraftField });

/**
 * Reads `custody.yaml`.
 * @throws CustodyError PLAN_INVALID that lists every fault as `file:line: path: expected …, found …`
 */
export function parseDraft(bytes: Uint8Array | string, file = 'custody.yaml'): Draft {
  const yaml = parseYaml(bytes, file);
  const faults: Fault[] = [];
  const { roster, ...parts } = draftField.parts(yaml.value, '', faults);
  // Keys with faults are judged by what could be read of them, so that one fault does not hide another.
  const judged = { ...parts, keys: keyParts(yaml.value) };
  const broken = [...planFaults(judged), ...(roster ? rosterDraftFaults(roster, judged) : [])];
  faults.push(...broken.map((item) => ({ ...item, path: draftPath(item.path) })));
  if (faults.length === 0 && roster) return { plan: parts as Plan, roster };
  const located = faults.map((item) => ({ ...item, file, line: yaml.lineOf(item.path) }));
  throw planError(file, located);
}

function keyParts(value: unknown): PlanParts['keys'] {
  const keys = isObject(value) && Object.hasOwn(value, 'keys') ? value.keys : undefined;
  return PLAN_SHAPE.keys.parts(keys, 'keys', []);
}

/** A path of the stored form (`rotation.periodDays`) in the draft (`rotation.period`). Names of keys hold no capitals. */
function draftPath(path: string): string {
  return path.replace(/(?<=[a-z])(?:Seconds|Days)(?=$|[.[])/g, '');
}

/** The inverse of `parseDraft`, without comments. */
export function formatDraft(draft: Draft): string {
  const value = draftField.write({ ...draft.plan, roster: draft.roster });
  return stringify(value, { version: '1.2', schema: 'core', lineWidth: 0, aliasDuplicateObjects: false });
}
