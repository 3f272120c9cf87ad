/** A bucket for an audit ledger: what of its settings matters. */
export interface BucketSettings {
  readonly versioning: boolean;
  /** Default retention of new versions; null without Object Lock, or without a default. */
  readonly lock: { readonly mode: string; readonly days: number } | null;
  /** The algorithm of objects that name none: AES256 or aws:kms. */
  readonly encryption: string;
  /** All four switches of S3 Block Public Access. */
  readonly publicBlocked: boolean;
  /** BucketOwnerEnforced: there are no ACLs. */
  readonly ownership: string | null;
  /** JSON text; null: none. */
  readonly policy: string | null;
  readonly lifecycle: readonly LifecycleRule[];
  readonly replication: Replication | null;
}

export interface LifecycleRule {
  readonly id: string;
  readonly enabled: boolean;
  /** Null: a filter of another kind than one prefix. */
  readonly prefix: string | null;
  /** `GLACIER_IR` after so many days; none: a rule that moves nothing. */
  readonly transitions: readonly { readonly days: number; readonly storageClass: string }[];
  /** Whether it expires anything: versions, markers, current or not. */
  readonly expires: boolean;
}

export interface Replication {
  readonly roleArn: string;
  readonly rules: readonly ReplicationRule[];
}

export interface ReplicationRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly prefix: string;
  readonly bucket: string;
  /** The key of the copies of what is under a KMS key; null: those are not copied. */
  readonly keyArn: string | null;
  readonly markers: boolean;
}

/**
 * PORT: the settings of buckets. `read` changes nothing; each other one makes one call, once.
 * @throws CustodyError DENIED, UNAVAILABLE, THROTTLED, CONFLICT
 */
export interface LedgerBuckets {
  /** Null: there is no such bucket of this account in the Region. */
  read(region: string, bucket: string): Promise<BucketSettings | null>;
  /** With Object Lock and versioning. */
  create(region: string, bucket: string): Promise<void>;
  putLock(region: string, bucket: string, days: number): Promise<void>;
  blockPublic(region: string, bucket: string): Promise<void>;
  enforceOwnership(region: string, bucket: string): Promise<void>;
  putLifecycle(region: string, bucket: string, rules: readonly LifecycleRule[]): Promise<void>;
  putReplication(region: string, bucket: string, replication: Replication): Promise<void>;
  putPolicy(region: string, bucket: string, policy: string): Promise<void>;
}
