import { parseJson, sameJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { type Check, check } from '../inspect/check.js';
import type { BucketSettings, LifecycleRule } from '../ledger/bucket.js';
import { BUNDLE_PREFIX } from '../ledger/slot.js';
import type { Plan, S3Ledger } from '../plan/plan.js';
import { ledgerBucketPolicy } from '../policy/ledger-bucket.js';

/** A bucket as the plan wants it. */
export interface WantedBucket {
  readonly region: string;
  readonly bucket: string;
  readonly retentionDays: number;
  readonly settings: BucketSettings & { readonly policy: string };
  /** The copy in another Region. */
  readonly isCopy: boolean;
}

/** ARNs of the plan's key for entries, where the ledger is and where its copy is. */
export interface EntryKeys {
  readonly keyArn: string;
  readonly copyKeyArn: string | null;
}

const PREFIX = 'custody/';
/** S3's role for the copy: the plan has none, so that it has this name. */
export const REPLICATION_ROLE = 'custody-ledger-replication';
/**
 * Old bundles alone. Glacier Instant Retrieval is read at once, so that every entry can be verified without a restore; a colder class
 * could not, and a second copy for it would be stored in full beside bundles that nobody may delete before their date.
 */
const GLACIER_AFTER_DAYS = 90;

/** The ledger in S3 of a plan. @throws CustodyError USAGE for a plan whose ledger lies elsewhere */
export function s3LedgerOf({ ledger }: Plan): S3Ledger {
  if (ledger.store === 's3' && ledger.s3 !== undefined) return ledger.s3;
  throw new CustodyError('USAGE', "the plan's audit ledger is not in S3", {
    suggestions: ['ledger.store: s3 and ledger.s3 in custody.yaml say where it is to lie.'],
  });
}

export function prefixOf({ prefix }: S3Ledger): string {
  return prefix ?? PREFIX;
}

export function replicationRoleArn({ partition, account }: Plan): string {
  return `arn:${partition}:iam::${account}:role/${REPLICATION_ROLE}`;
}

/** The copy first: replication wants it to be there. */
export function wantedBuckets(plan: Plan, keys: EntryKeys): readonly WantedBucket[] {
  const s3 = s3LedgerOf(plan);
  const copy = s3.replica === undefined ? [] : [wanted(plan, s3, keys, s3.replica)];
  return [...copy, wanted(plan, s3, keys, null)];
}

function wanted(plan: Plan, s3: S3Ledger, keys: EntryKeys, copy: S3Ledger['replica'] | null): WantedBucket {
  const { region, bucket } = copy ?? s3;
  const { retentionDays } = plan.ledger;
  const prefix = prefixOf(s3);
  const roleArn = s3.replica === undefined ? null : replicationRoleArn(plan);
  const policy = ledgerBucketPolicy({
    partition: plan.partition,
    bucket,
    prefix,
    keyArn: keys.keyArn,
    retentionDays,
    writerRoleArns: copy === null ? s3.writerRoleArns : [],
    readerRoleArns: s3.readerRoleArns,
    replicationRoleArn: roleArn,
  });
  const settings = {
    versioning: true,
    lock: { mode: 'COMPLIANCE', days: retentionDays },
    encryption: 'AES256',
    publicBlocked: true,
    ownership: 'BucketOwnerEnforced',
    policy,
    lifecycle: [glacierRule(prefix)],
    replication: copy === null ? replicationOf(s3, prefix, roleArn, keys) : null,
  };
  return { region, bucket, retentionDays, settings, isCopy: copy !== null };
}

function glacierRule(prefix: string): LifecycleRule {
  const transitions = [{ days: GLACIER_AFTER_DAYS, storageClass: 'GLACIER_IR' }];
  return { id: 'custody-glacier', enabled: true, prefix: `${prefix}${BUNDLE_PREFIX}`, transitions, expires: false };
}

function replicationOf({ replica }: S3Ledger, prefix: string, roleArn: string | null, { copyKeyArn }: EntryKeys) {
  if (replica === undefined || roleArn === null) return null;
  const rule = {
    id: 'custody-copy',
    enabled: true,
    prefix,
    bucket: replica.bucket,
    keyArn: copyKeyArn,
    markers: false,
  };
  return { roleArn, rules: [rule] };
}

/** What differs between a bucket and the plan, a check a setting. */
export function judgeBucket(want: WantedBucket, found: BucketSettings | null): readonly Check[] {
  const at = `${want.bucket} in ${want.region}`;
  const id = (name: string): string => (want.isCopy ? `copy-${name}` : name);
  if (found === null) return [check(id('bucket'), false, `${at}: there is no such bucket`)];
  const { settings, retentionDays } = want;
  const judged = (name: string, passed: boolean, expected: string, is: string): Check =>
    check(id(name), passed, passed ? `${at}: ${is}` : `${at}: expected ${expected}, found ${is}`);
  const lock = found.lock === null ? 'no default retention' : `${found.lock.mode}, ${found.lock.days} days`;
  const lockHolds = found.lock?.mode === 'COMPLIANCE' && found.lock.days >= retentionDays;
  return [
    check(id('bucket'), true, `${at}: it is there`),
    judged('versioning', found.versioning, 'versions', found.versioning ? 'versions are kept' : 'none'),
    judged('lock', lockHolds, `COMPLIANCE, ${retentionDays} days`, lock),
    judged('encryption', found.encryption === settings.encryption, 'AES256 for what names none', found.encryption),
    judged(
      'public-access',
      found.publicBlocked,
      'all four blocks',
      found.publicBlocked ? 'blocked' : 'not all blocked',
    ),
    judged('ownership', found.ownership === settings.ownership, String(settings.ownership), found.ownership ?? 'none'),
    judged(
      'policy',
      samePolicy(settings.policy, found.policy),
      "the plan's policy",
      policyWord(settings.policy, found.policy),
    ),
    judged(
      'lifecycle',
      lifecycleHolds(settings.lifecycle, found.lifecycle),
      'only bundles/ to GLACIER_IR',
      lifecycleWord(found),
    ),
    judged('replication', sameReplication(settings, found), replicationWord(settings), replicationWord(found)),
  ];
}

function sameReplication(wanted: BucketSettings, found: BucketSettings): boolean {
  return sameJson(asJson(found.replication), asJson(wanted.replication));
}

function replicationWord({ replication }: BucketSettings): string {
  if (replication === null) return 'none';
  return replication.rules
    .map(({ bucket, prefix, enabled }) => `${prefix} to ${bucket}${enabled ? '' : ', off'}`)
    .join('; ');
}

function asJson(value: unknown) {
  return parseJson(Buffer.from(JSON.stringify(value), 'utf8'), 'settings');
}

function samePolicy(wanted: string, found: string | null): boolean {
  return found !== null && sameJson(asJson(JSON.parse(wanted)), asJson(JSON.parse(found)));
}

function policyWord(wanted: string, found: string | null): string {
  if (found === null) return 'none';
  return samePolicy(wanted, found) ? "the plan's" : 'another one';
}

/** The rule for old bundles is there, and no other rule moves or expires anything. */
function lifecycleHolds(wanted: readonly LifecycleRule[], found: readonly LifecycleRule[]): boolean {
  const enabled = found.filter((rule) => rule.enabled);
  const known = (rule: LifecycleRule): boolean =>
    wanted.some((one) => sameJson(asJson(one), asJson({ ...rule, id: one.id })));
  return (
    enabled.every(known) &&
    wanted.every((one) => enabled.some((rule) => sameJson(asJson(one), asJson({ ...rule, id: one.id }))))
  );
}

function lifecycleWord({ lifecycle }: BucketSettings): string {
  const enabled = lifecycle.filter((rule) => rule.enabled);
  if (enabled.length === 0) return 'no rules';
  return enabled.map(({ id, expires }) => (expires ? `${id}, which expires` : id)).join('; ');
}
