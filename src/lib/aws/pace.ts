import { CustodyError, type ErrorCode } from '../base/errors.js';

/** Time and chance, so that tests need neither. */
export interface Timer {
  /** Milliseconds of a clock that only goes forward. */
  millis(): number;
  sleep(milliseconds: number): Promise<void>;
  /** From 0 to 1. */
  random(): number;
}

/** Calls a second and Region: half of AWS's documented request quotas, so that others have room beside us. */
const PER_SECOND: Readonly<Record<string, number>> = {
  // Symmetric operations share 10,000 a second; this one counts for its decryption and its encryption.
  ReEncrypt: 2500,
  // "5,500 (shared)" in the smallest Regions.
  Encrypt: 2500,
  Decrypt: 2500,
  DescribeKey: 1000,
  ListResourceTags: 1000,
  GetPublicKey: 1000,
  GetKeyPolicy: 500,
  GetKeyRotationStatus: 500,
  Sign: 500,
  ListKeys: 250,
  ListAliases: 250,
  ListGrants: 50,
  ListKeyRotations: 50,
  ListKeyPolicies: 50,
  CreateGrant: 25,
  RevokeGrant: 25,
  RetireGrant: 25,
  PutKeyPolicy: 7.5,
  ScheduleKeyDeletion: 7.5,
  EnableKeyRotation: 7.5,
  DisableKeyRotation: 2.5,
  TagResource: 5,
  // IAM documents no quota for reading, and a role is read in six calls.
  GetRole: 10,
  GetRolePolicy: 10,
  GetPolicy: 10,
  GetPolicyVersion: 10,
  ListRoleTags: 10,
  ListRolePolicies: 10,
  ListAttachedRolePolicies: 10,
  // "Limited to two per second, per account, per Region": everything that there is, since at half of it a look back would take
  // minutes; whoever else looks meanwhile is throttled no more than we are.
  LookupEvents: 2,
  // Half of the 3,500 writes and 5,500 reads a second and prefix ("Best practices design patterns", Amazon S3).
  PutObject: 1750,
  GetObject: 2750,
  GetObjectRetention: 2750,
  ListObjectVersions: 2750,
  ListObjectsV2: 2750,
};
/** Everything that is not listed, CreateKey and alias writes among it, has a quota of 5 or is not documented. */
const OTHERS_PER_SECOND = 2.5;

/** Lets calls through no faster than their quota; each operation and Region has its own bucket. */
export interface Pace {
  /** Resolves when the call may be made; calls go in the order in which they asked. */
  turn(region: string, operation: string): Promise<void>;
  /** AWS has throttled such a call: others use the quota too, so half as many are made, and slowly more again. */
  throttled(region: string, operation: string): void;
}

/** How far an operation is slowed down at most. */
const SLOWEST = 1 / 32;
/** What of the full rate comes back with each second. */
const RECOVERY_PER_SECOND = 0.02;

interface Bucket {
  readonly tokens: number;
  /** Of the full rate, from SLOWEST to 1. */
  readonly share: number;
  readonly at: number;
}

/**
 * A token bucket for each operation and Region.
 * @param share of AWS's quotas that are used, where nobody is throttled; half of them by default
 * @param own calls a second in place of the table's
 */
export function createPace(timer: Timer, share = 0.5, own: Readonly<Record<string, number>> = {}): Pace {
  const buckets = new Map<string, Bucket>();
  const fullRate = (operation: string) => (own[operation] ?? PER_SECOND[operation] ?? OTHERS_PER_SECOND) * share * 2;
  const now = (name: string, full: number): Bucket => {
    const at = timer.millis();
    const before = buckets.get(name);
    if (before === undefined) return { tokens: Math.max(1, full), share: 1, at };
    const seconds = (at - before.at) / 1000;
    const tokens = Math.min(Math.max(1, full * before.share), before.tokens + seconds * full * before.share);
    return { tokens, share: Math.min(1, before.share + seconds * RECOVERY_PER_SECOND), at };
  };
  return {
    async turn(region, operation) {
      const name = `${region} ${operation}`;
      const full = fullRate(operation);
      const bucket = now(name, full);
      const tokens = bucket.tokens - 1;
      buckets.set(name, { ...bucket, tokens });
      // Below zero the token is owed: whoever asks next waits behind this one.
      if (tokens < 0) await timer.sleep((-tokens / (full * bucket.share)) * 1000);
    },
    throttled(region, operation) {
      const name = `${region} ${operation}`;
      const bucket = now(name, fullRate(operation));
      buckets.set(name, { ...bucket, tokens: Math.min(bucket.tokens, 0), share: Math.max(SLOWEST, bucket.share / 2) });
    },
  };
}

export interface RetryPolicy {
  /** Tries in all, the first among them. */
  readonly maxAttempts: number;
  readonly baseMillis: number;
  readonly capMillis: number;
  /** After this time nothing is tried again: six times a silence of 30 s would be three minutes. */
  readonly untilMillis: number;
}

export const DEFAULT_RETRY: RetryPolicy = { maxAttempts: 6, baseMillis: 100, capMillis: 5000, untilMillis: 60_000 };

/** Worth another try. A clock skew is, because the SDK takes over AWS's clock from the answer that said so. */
const RETRIED: ReadonlySet<ErrorCode> = new Set(['THROTTLED', 'UNAVAILABLE', 'TIMEOUT', 'CLOCK_SKEW']);

/** Runs `work` again after passing failures, with full jitter, and tells of it; for calls that change nothing. */
export async function withRetries<T>(
  timer: Timer,
  policy: RetryPolicy,
  work: () => Promise<T>,
  tell: (text: string) => void = () => undefined,
): Promise<T> {
  const end = timer.millis() + policy.untilMillis;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (cause) {
      const passing = cause instanceof CustodyError && RETRIED.has(cause.code);
      if (!passing || attempt >= policy.maxAttempts || timer.millis() >= end) throw cause;
      tell(`${cause.message}; trying again (${attempt + 1} of ${policy.maxAttempts})`);
      await timer.sleep(timer.random() * Math.min(policy.capMillis, policy.baseMillis * 2 ** attempt));
    }
  }
}
