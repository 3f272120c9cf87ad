import { stringify } from 'yaml';
import { type Fault, isObject } from '../base/fields.js';
import { asMapping, unknownName } from './field.js';
import type { Plan } from './plan.js';
import { planError } from './report.js';
import { type RosterDraft, rosterDraftField } from './roster-draft.js';
import { rosterDraftFaults } from './roster-rules.js';
import { planFaults } from './rules.js';
import { PLAN_SHAPE, planField } from './shape.js';
import { parseYaml } from './yaml.js';

/** What `custody.yaml` says: a plan, and a roster to be made and signed. */
export interface Draft {
  readonly plan: Plan;
  readonly roster: RosterDraft;
}

/**
 * Reads `custody.yaml`.
 * @throws CustodyError PLAN_INVALID that lists every fault as `file:line: path: expected …, found …`
 */
export function parseDraft(bytes: Uint8Array | string, file = 'custody.yaml'): Draft {
  const yaml = parseYaml(bytes, file);
  const faults: Fault[] = [];
  const mapping = asMapping(yaml.value, '', faults);
  const { roster: rosterPart, ...planPart } = mapping;
  const draft = isObject(yaml.value) ? readDraft(planPart, rosterPart, faults) : null;
  if (faults.length > 0 || draft === null) {
    throw planError(
      file,
      faults.map((item) => locate(item, file, yaml.lineOf)),
    );
  }
  return draft;
}

function readDraft(planPart: Record<string, unknown>, rosterPart: unknown, faults: Fault[]): Draft | null {
  const known = [...Object.keys(planField.schema.properties as object), 'roster'];
  const shaped: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(planPart)) {
    if (known.includes(name)) shaped[name] = value;
    else unknownName(faults, '', name, known);
  }
  const parts = planField.parts(shaped, '', faults);
  const roster = rosterDraftField.draft(rosterPart, 'roster', faults);
  // Keys with faults are judged by the fields that could be read.
  const keys = isObject(shaped.keys) ? PLAN_SHAPE.keys.parts(shaped.keys, 'keys', []) : undefined;
  const judged = keys ? { ...parts, keys } : parts;
  faults.push(...planFaults(judged), ...(roster ? rosterDraftFaults(roster, judged) : []));
  return faults.length === 0 && roster ? { plan: parts as Plan, roster } : null;
}

function locate(item: Fault, file: string, lineOf: (path: string) => number) {
  const path = draftPath(item.path);
  return { ...item, path, file, line: lineOf(path) };
}

/** A path of the stored form (`rotation.periodDays`) in the draft (`rotation.period`). Names of keys hold no capitals. */
function draftPath(path: string): string {
  return path.replace(/(?<=[a-z])(?:Seconds|Days)(?=$|[.[])/g, '');
}

/** The inverse of `parseDraft`, without comments. */
export function formatDraft(draft: Draft): string {
  const value = { ...(planField.write(draft.plan) as object), roster: rosterDraftField.write(draft.roster) };
  return stringify(value, { version: '1.2', schema: 'core', lineWidth: 0, aliasDuplicateObjects: false });
}
