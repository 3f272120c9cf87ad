import type { ActionClass } from '../base/action-class.js';

/** The plan in force: the key hierarchy and the rules for changing it. `format` gives its canonical JSON (`plan/<n>.json`). */
export interface Plan {
  readonly schema: 1;
  /** `sandbox` may use another endpoint; `aws` only AWS's own hosts (T60). */
  readonly environment: 'aws' | 'sandbox';
  readonly partition: 'aws' | 'aws-cn' | 'aws-us-gov';
  readonly account: string;
  /** The primary Region and those that hold replicas. */
  readonly regions: { readonly primary: string; readonly replicas: readonly string[] };
  readonly quorum: QuorumRules;
  readonly keys: Readonly<Record<string, PlannedKey>>;
  readonly ledger: LedgerPlan;
  /**
   * KMS itself asks for a quorum's approval slots before it changes a key. Absent: only the executor role may change keys,
   * and that two people agreed is for this tool to see ("advisory").
   */
  readonly interlock?: InterlockRoles;
  /** What tells people of requests; a machine runs it only after its user has accepted this very command. */
  readonly notify?: { readonly command: readonly string[] };
  /** Who may sign backups as an OpenID identity, beside the keys of the roster, and by whose word. Absent: only keys sign. */
  readonly sigstore?: SigstorePlan;
  /** Absent: backups lie in the custody repository and are fresh for the recovery point objective. */
  readonly backup?: BackupRules;
  readonly recovery: { readonly drillPeriodDays: number; readonly rpoSeconds: number; readonly rtoSeconds: number };
  /** How people are reached when nothing else works. Absent: no drill can say that they are. */
  readonly people?: PeopleRules;
}

/** Where to find people and ways in, never what opens them: a phone list's page, a safe's number. */
export interface PeopleRules {
  /** `2026-01-31`: the day on which somebody last tried all of it. */
  readonly reviewedOn: string;
  readonly maxAgeDays: number;
  readonly contacts: readonly { readonly custodian: string; readonly reach: string }[];
  readonly breakGlass: readonly { readonly name: string; readonly where: string }[];
}

export interface SigstorePlan {
  /** SHA-256 of the trusted_root.json that verification goes by, as `sha256:` and hex. */
  readonly trustedRoot: string;
  /** Both parts are compared whole, letter by letter. */
  readonly identities: readonly { readonly issuer: string; readonly subject: string }[];
  /** A private instance; absent: the public-good one of the Sigstore project. */
  readonly instance?: {
    readonly fulcioUrl: string;
    readonly oidcUrl?: string;
    readonly rekor?: { readonly url: string; readonly api: 1 | 2 };
    readonly tsaUrl?: string;
  };
}

export interface InterlockRoles {
  /** Stands by for key policies alone, under the same interlock: without the executor no key is orphaned. */
  readonly coldExecutorRoleArn: string;
  /** Reads, and nothing else. */
  readonly auditorRoleArn: string;
}

/** Where the audit ledger lies. `directory` and `s3` are there exactly when `store` names them. */
export interface LedgerPlan {
  readonly store: 'git' | 'directory' | 's3';
  readonly retentionDays: number;
  readonly directory?: string;
  readonly s3?: S3Ledger;
}

export interface S3Ledger {
  readonly bucket: string;
  readonly region: string;
  /** With `/` at its end; absent: `custody/`. */
  readonly prefix?: string;
  /** The name of the planned key that encrypts entries. */
  readonly key: string;
  readonly writerRoleArns: readonly string[];
  readonly readerRoleArns: readonly string[];
  /** A copy in another Region. */
  readonly replica?: { readonly bucket: string; readonly region: string };
}

/** Where signed backups lie, and how long one counts as fresh. */
export interface BackupRules {
  /** A Git repository of its own; absent: the custody repository. */
  readonly repository?: string;
  /** Git repositories that each backup is pushed to as well. */
  readonly mirrors?: readonly string[];
  /** How long a backup or its heartbeat counts as fresh; absent: recovery.rpoSeconds. */
  readonly expirySeconds?: number;
}

export interface QuorumRules {
  readonly approvalWindowSeconds: number;
  readonly executionWindowSeconds: number;
  readonly freshnessSeconds: number;
  readonly maxOpenRequests: number;
  /** May the requester's own approval count? Judged by person: an automation identity stands for its owner. */
  readonly selfApproval: boolean;
  /** May a person whose approval counts also execute? */
  readonly approverMayExecute: boolean;
  readonly requesterMayExecute: boolean;
  readonly classes: Readonly<Partial<Record<ActionClass, ClassRule>>>;
}

/** What one class of actions demands beyond the general rules; absent fields take the general rule. */
export interface ClassRule {
  /** Raises the roster's threshold for this class; never lowers it. */
  readonly threshold?: number;
  readonly coolOffSeconds?: number;
  /** How many different IAM duties (SecurityArchitect, PrivacyEngineer) the counted approvals must span. */
  readonly distinctRoles?: number;
  readonly selfApproval?: boolean;
  /** Wants a person at a terminal or a security key: `--reviewed` is refused. */
  readonly presence?: boolean;
}

/** What a role may do with a key. */
export type KeyUse =
  | 'encrypt'
  | 'decrypt'
  | 'generate-data-key'
  | 'generate-data-key-without-plaintext'
  | 're-encrypt'
  | 'describe';

export interface KeyUser {
  readonly roleArn: string;
  readonly may: readonly KeyUse[];
  /** A promise that is checked: never `decrypt`, nor `re-encrypt`, which is a way to decrypt. */
  readonly writeOnly?: true;
  /** Pairs that each request must carry (`kms:EncryptionContext:<name>`). */
  readonly encryptionContext: Readonly<Record<string, string>>;
  /** The AWS service through which the key is used (`dynamodb`), null when it is called directly. */
  readonly viaService: string | null;
}

export interface PlannedKey {
  readonly alias: string;
  readonly purpose: string;
  readonly owner: string;
  /** The key that wraps this one's data keys in the hierarchy; null for the root. */
  readonly parent: string | null;
  readonly origin: 'AWS_KMS' | 'EXTERNAL';
  readonly multiRegion: boolean;
  /** Regions of replicas; only for multi-Region keys. */
  readonly replicas: readonly string[];
  readonly rotation: { readonly automatic: boolean; readonly periodDays: number };
  /** NIST SP 800-57 Part 1 section 5.3: how long the key may protect new data, and how long it may be used to read. */
  readonly originatorUsageDays: number;
  readonly recipientUsageDays: number;
  readonly users: readonly KeyUser[];
  /** `grants`: no standing Decrypt; a seat grants another seat for minutes (the root). */
  readonly dualControl: 'none' | 'grants';
  readonly tags: Readonly<Record<string, string>>;
}

/** `plan/<n>.json`: a plan, its number and the digest of the one before. */
export interface NumberedPlan {
  readonly version: number;
  readonly previous: string | null;
  readonly plan: Plan;
}

/** The Regions in which a planned key exists, its primary's first. */
export function regionsOf(plan: Pick<Plan, 'regions'>, key: Pick<PlannedKey, 'replicas'>): readonly string[] {
  return [plan.regions.primary, ...key.replicas];
}
