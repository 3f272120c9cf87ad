import { CustodyError } from '../base/errors.js';
import { type Check, type CheckReport, verdictOf } from '../inspect/check.js';
import type { KeyReader } from '../key/key.js';
import type { BucketSettings, LedgerBuckets } from '../ledger/bucket.js';
import type { Plan } from '../plan/plan.js';
import { type EntryKeys, judgeBucket, s3LedgerOf, type WantedBucket, wantedBuckets } from './ledger-bucket.js';

export interface Provisioned extends CheckReport {
  /** What was made, a line each. */
  readonly made: readonly string[];
}

/** The ARNs of the plan's key for entries, by its alias. @throws CustodyError NOT_FOUND */
export async function findEntryKeys(plan: Plan, reader: KeyReader): Promise<EntryKeys> {
  const { region, replica } = s3LedgerOf(plan);
  const keyArn = await entryKeyIn(plan, reader, region);
  return { keyArn, copyKeyArn: replica === undefined ? null : await entryKeyIn(plan, reader, replica.region) };
}

async function entryKeyIn(plan: Plan, reader: KeyReader, region: string): Promise<string> {
  const { key } = s3LedgerOf(plan);
  const alias = plan.keys[key]?.alias;
  const found = (await reader.aliases(region)).find(({ name }) => name === alias);
  if (found !== undefined) return `arn:${plan.partition}:kms:${region}:${plan.account}:key/${found.keyId}`;
  throw new CustodyError('NOT_FOUND', `the key ${key} does not exist in ${region}`, {
    suggestions: [
      `custody keys apply makes it; in ${region} it must be a replica where that is not its primary Region.`,
    ],
  });
}

/** Compares the buckets of the plan's ledger with what is there. Changes nothing. */
export async function checkLedgerBuckets(plan: Plan, keys: EntryKeys, buckets: LedgerBuckets): Promise<CheckReport> {
  const checks: Check[] = [];
  for (const want of wantedBuckets(plan, keys)) {
    checks.push(...judgeBucket(want, await buckets.read(want.region, want.bucket)));
  }
  return { verdict: verdictOf(checks), checks };
}

/**
 * Makes what is missing, then checks. What is there already and differs is left as it is, and told: a policy, a lock, a rule of
 * somebody else's may hold something up. The policy comes last: after it nobody changes the bucket.
 */
export async function createLedgerBuckets(plan: Plan, keys: EntryKeys, buckets: LedgerBuckets): Promise<Provisioned> {
  const made: string[] = [];
  for (const want of wantedBuckets(plan, keys)) made.push(...(await complete(want, buckets)));
  return { ...(await checkLedgerBuckets(plan, keys, buckets)), made };
}

async function complete(want: WantedBucket, buckets: LedgerBuckets): Promise<readonly string[]> {
  const { region, bucket, settings, retentionDays } = want;
  const before = await buckets.read(region, bucket);
  const made: string[] = [];
  if (before === null) {
    await buckets.create(region, bucket);
    made.push(`${bucket}: the bucket`);
  }
  const found = before ?? (await mustBeThere(buckets, want));
  // Only into a bucket that keeps versions: one that does not may hold what has no history.
  if (!found.versioning) return made;
  const make = async (missing: boolean, what: string, act: () => Promise<void>): Promise<void> => {
    if (!missing) return;
    await act();
    made.push(`${bucket}: ${what}`);
  };
  await make(!found.publicBlocked, 'public access blocked', () => buckets.blockPublic(region, bucket));
  await make(found.ownership === null, 'ownership', () => buckets.enforceOwnership(region, bucket));
  await make(found.lock === null, 'default retention', () => buckets.putLock(region, bucket, retentionDays));
  await make(found.lifecycle.length === 0, 'lifecycle', () => buckets.putLifecycle(region, bucket, settings.lifecycle));
  const { replication, policy } = settings;
  if (replication !== null) {
    await make(found.replication === null, 'replication', () => buckets.putReplication(region, bucket, replication));
  }
  await make(found.policy === null, 'policy', () => buckets.putPolicy(region, bucket, policy));
  return made;
}

async function mustBeThere(buckets: LedgerBuckets, { region, bucket }: WantedBucket): Promise<BucketSettings> {
  const found = await buckets.read(region, bucket);
  if (found !== null) return found;
  throw new CustodyError('UNAVAILABLE', `${bucket} was made and is not there yet`);
}
