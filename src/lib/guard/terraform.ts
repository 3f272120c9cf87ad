import { decodeUtf8 } from '../base/bytes.js';
import { type JsonObject, type JsonValue, parseJson } from '../base/canonical-json.js';
import { findDuplicateName } from '../base/duplicates.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import type { Policy } from './policy.js';
import { type Judged, Tally } from './report.js';

/** As `terraform show -json` writes plans ("JSON Output Format", Plan Representation). */
export const MAX_PLAN_BYTES = 256 * 1024 * 1024;
const LIMITS = { maxBytes: MAX_PLAN_BYTES, maxDepth: 128 };

/**
 * Every change of a Terraform plan, each judged by itself: a plan of 50,000 in one evaluation takes more than linear time.
 * @throws CustodyError RECORD_MALFORMED for what is no plan, or one that a reader could read in two ways
 */
export function judgePlan(policy: Policy, bytes: Uint8Array, file: string): Judged {
  const plan = readPlan(bytes, file);
  const tally = new Tally();
  for (const change of listIn(plan, 'resource_changes', file)) judgeChange(policy, change, file, tally);
  for (const deferred of listIn(plan, 'deferred_changes', file)) {
    tally.miss(`${addressOf(isObject(deferred) ? deferred.resource_change : null)} is deferred: it is planned later`);
  }
  if (plan.errored === true) tally.miss(`${file}: Terraform could not finish this plan`);
  if (plan.complete === false) tally.miss(`${file}: the plan is not complete`);
  return tally.end(true);
}

function judgeChange(policy: Policy, change: JsonValue, file: string, tally: Tally): void {
  const decision = policy.decide('terraform', { change: essenceOf(change) });
  tally.add(decision, { source: 'terraform', file, what: addressOf(change), outcome: 'planned' });
}

/** What the policies read of a change; what is missing is missing to them too. */
function essenceOf(change: JsonValue): JsonValue {
  if (!isObject(change)) return null;
  const { type, change: what } = change;
  if (!isObject(what)) return { type: jsonOf(type) };
  const { actions, before, after } = what;
  return { type: jsonOf(type), change: { actions: jsonOf(actions), before: jsonOf(before), after: jsonOf(after) } };
}

function jsonOf(value: unknown): JsonValue {
  return value === undefined ? null : (value as JsonValue);
}

function addressOf(change: unknown): string {
  const address = isObject(change) ? change.address : undefined;
  return typeof address === 'string' ? address.slice(0, 300) : 'a change without address';
}

function readPlan(bytes: Uint8Array, file: string): JsonObject {
  const plan = parseJson(bytes, file, LIMITS);
  if (!isPlan(plan)) {
    throw new CustodyError('RECORD_MALFORMED', `${file}: not a Terraform plan in JSON`, {
      suggestions: ['terraform plan -out FILE, then terraform show -json FILE'],
    });
  }
  const twice = findDuplicateName(decodeUtf8(bytes) ?? '');
  if (twice === null) return plan;
  throw new CustodyError('RECORD_MALFORMED', `${file}: ${twice.slice(0, 200)} is there twice`);
}

/** A state has a format version too, but nothing planned. */
function isPlan(value: JsonValue): value is JsonObject {
  if (!isObject(value) || typeof value.format_version !== 'string') return false;
  return /^[01]\.\d+$/.test(value.format_version) && isObject(value.planned_values);
}

function listIn(plan: JsonObject, name: string, file: string): readonly JsonValue[] {
  const value = plan[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new CustodyError('RECORD_MALFORMED', `${file}: ${name} is no list`);
}
