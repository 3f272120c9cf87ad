import { type Digest, digestOf } from '../base/bytes.js';
import { formatCanonical, type JsonValue, parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { formatFault, integer, nullable, object, readFields } from '../base/fields.js';
import { digest } from '../base/readers.js';
import type { NumberedPlan } from './plan.js';
import { planFaults } from './rules.js';
import { planField } from './shape.js';

const numbered = object({
  version: integer(1, 1_000_000),
  previous: nullable(digest),
  plan: planField.stored,
});

/**
 * Reads `plan/<n>.json`: canonical JSON, exact shape, every rule of a plan, and a predecessor unless it is the first.
 * @throws CustodyError PLAN_INVALID
 */
export function parsePlan(bytes: Uint8Array, what = 'plan'): NumberedPlan {
  return parsePlanDocument(parseCanonical(bytes, what, undefined, 'PLAN_INVALID'), what);
}

/** The same for a plan inside other JSON, as a request for `plan.update` holds it. */
export function parsePlanDocument(document: unknown, what: string): NumberedPlan {
  const value = readFields(numbered, document, what, 'PLAN_INVALID');
  const faults = planFaults(value.plan).map((item) => ({ ...item, path: `plan.${item.path}` }));
  if ((value.version === 1) !== (value.previous === null)) {
    const expected = value.version === 1 ? 'null in version 1' : 'the digest of the version before';
    faults.push({ path: 'previous', expected, found: String(value.previous) });
  }
  if (faults.length === 0) return value;
  throw new CustodyError('PLAN_INVALID', `${what}: ${faults.map(formatFault).join('; ')}`, { details: { faults } });
}

/** The inverse of `parsePlan`. */
export function formatPlan(value: NumberedPlan): Uint8Array {
  return Buffer.from(formatCanonical(value as unknown as JsonValue), 'utf8');
}

/** The digest by which requests and the next plan name this one. */
export function planDigest(value: NumberedPlan): Digest {
  const known = digests.get(value);
  if (known) return known;
  const digest = digestOf(formatPlan(value));
  digests.set(value, digest);
  return digest;
}

const digests = new WeakMap<NumberedPlan, Digest>();

/** @throws CustodyError PLAN_INVALID unless `next` directly follows `previous` (T24, T67) */
export function assertPlanFollows(next: NumberedPlan, previous: NumberedPlan): void {
  const expected = planDigest(previous);
  if (next.version === previous.version + 1 && next.previous === expected) return;
  throw new CustodyError('PLAN_INVALID', `plan ${next.version} does not follow plan ${previous.version}`, {
    details: { version: next.version, previous: next.previous, expected },
  });
}
