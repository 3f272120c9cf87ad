import { formatCanonical, type JsonObject, type JsonValue, sameJson } from '../../base/canonical-json.js';
import { findDuplicateName } from '../../base/duplicates.js';
import { isObject } from '../../base/fields.js';
import { canonicalPolicy } from '../../plan/diff-policy.js';
import type { SignedCall } from '../../record/statement.js';
import type { TrailEvent } from '../../trail/event.js';
import { idOfKey } from './change.js';

/** Approved parameters against those that CloudTrail shows. */

export interface Comparison {
  /** Names of parameters that were another than approved, or not approved at all. */
  readonly other: readonly string[];
  /** Names of parameters that the event does not show, or not whole. */
  readonly notShown: readonly string[];
}

/** CloudTrail leaves out what is secret. */
const NEVER_SHOWN = new Set(['EncryptedKeyMaterial', 'GrantTokens', 'ImportToken']);
/** Maps whose names are the caller's own words; all other names begin with a small letter in an event. */
const VERBATIM = new Set(['EncryptionContextEquals', 'EncryptionContextSubset']);
/** What KMS records although the call did not say it (Developer Guide, examples of log entries). */
const UNSAID: JsonObject = {
  bypassPolicyLockoutSafetyCheck: false,
  customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
  description: '',
  dryRun: false,
  keySpec: 'SYMMETRIC_DEFAULT',
  keyUsage: 'ENCRYPT_DECRYPT',
  multiRegion: false,
  origin: 'AWS_KMS',
  policyName: 'default',
};

/** What an event shows of a call against what was approved. */
export function compareParameters({ parameters: approved }: SignedCall, { parameters: seen }: TrailEvent): Comparison {
  const other: string[] = [];
  const notShown: string[] = [];
  for (const [name, value] of Object.entries(approved).filter(([one]) => !NEVER_SHOWN.has(one))) {
    const found = compareOne(name, value, seen[small(name)]);
    if (found === 'other') other.push(name);
    // The key itself was compared with the resources of the event already.
    if (found === 'not-shown' && name !== 'KeyId') notShown.push(name);
  }
  const said = new Set(Object.keys(approved).map(small));
  const more = Object.entries(seen).filter(
    ([name, value]) => !said.has(name) && value !== null && !sameJson(value, UNSAID[name]),
  );
  return { other: [...other, ...more.map(([name]) => name)], notShown };
}

type Compared = 'same' | 'other' | 'not-shown';

function compareOne(name: string, approved: JsonValue, seen: JsonValue | undefined): Compared {
  if (seen === undefined || seen === null) return 'not-shown';
  if (name === 'Policy') return comparePolicy(approved, seen);
  if (name === 'KeyId' || name === 'TargetKeyId') return idOfKey(approved) === idOfKey(seen) ? 'same' : 'other';
  if (name === 'ValidTo') return compareInstant(approved, seen);
  return sameJson(ordered(asShown(name, approved)), ordered(seen)) ? 'same' : 'other';
}

/** By what it says. A text that is cut off, or that two readers may understand differently, proves nothing. */
function comparePolicy(approved: JsonValue, seen: JsonValue): Compared {
  if (typeof approved !== 'string' || typeof seen !== 'string') return 'not-shown';
  if (approved === seen) return 'same';
  const found = canonicalPolicy(seen);
  if (found === null || findDuplicateName(seen) !== null) return 'not-shown';
  return found === canonicalPolicy(approved) ? 'same' : 'other';
}

/** Seconds since 1970 in the call, `Mar 2, 2026, 12:00:00 PM` in the event. */
function compareInstant(approved: JsonValue, seen: JsonValue): Compared {
  const millis = Date.parse(`${String(seen)} UTC`);
  if (Number.isNaN(millis)) return 'not-shown';
  return millis === Number(approved) * 1000 ? 'same' : 'other';
}

function asShown(name: string, value: JsonValue): JsonValue {
  if (VERBATIM.has(name)) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => asShown('', item));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [small(key), asShown(key, item)]));
}

/** Operations, tags and tag names are sets. */
function ordered(value: JsonValue): JsonValue {
  if (!Array.isArray(value)) return value;
  return value.map((item: JsonValue) => formatCanonical(item)).sort();
}

function small(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
