import type { JsonObject } from '../base/canonical-json.js';
import { isObject } from '../base/fields.js';
import type { Purpose, QuorumFacts } from '../key/warrant.js';

/** A call before it is sent, as the policies read it (policies/custody). Bodies and secrets are no part of it. */
export interface GuardedCall {
  readonly service: 'kms' | 's3';
  /** `PutObject`. */
  readonly operation: string;
  readonly region: string;
  readonly endpoint: 'aws' | 'sandbox';
  /** Name, ARN or alias, as it is sent; null for none. */
  readonly bucket: string | null;
  /** The object's key. */
  readonly key: string;
  /** Seconds since 1970. */
  readonly now: number;
  readonly purpose: Purpose;
  readonly params: JsonObject;
  readonly quorum: QuorumFacts | null;
  readonly scratch?: string;
}

export interface Decision {
  readonly allow: boolean;
  /** Whether it is about the ledger or a key; false only for records and plans. */
  readonly concerned: boolean;
  /** A change that needs more than the right to use keys: it is written down, allowed or not. */
  readonly privileged: boolean;
  /** A record's: `attempted` when AWS refused it. */
  readonly outcome: 'made' | 'attempted';
  /** Ids of the rules that said no. */
  readonly rules: readonly string[];
}

/** What counts when the policy gave no answer that can be read. */
export const NO_ANSWER: Decision = {
  allow: false,
  concerned: true,
  privileged: true,
  outcome: 'made',
  rules: ['no-answer'],
};

/**
 * The result set of one evaluation. Success is constructed: everything but one result that says `allow: true` and names no
 * rule, in exactly that form, is a no.
 */
export function decisionOf(answer: unknown): Decision {
  const [only, ...more]: readonly unknown[] = Array.isArray(answer) ? answer : [];
  const result = isObject(only) && more.length === 0 ? only.result : undefined;
  if (!isObject(result)) return NO_ANSWER;
  const { allow, concerned, privileged, outcome, rules } = result;
  if (typeof allow !== 'boolean' || !isTexts(rules) || allow !== (rules.length === 0)) return NO_ANSWER;
  return {
    allow,
    concerned: concerned !== false,
    privileged: privileged !== false,
    outcome: outcome === 'attempted' ? 'attempted' : 'made',
    rules,
  };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
