import type { ConditionElement, PolicyDocument } from '../document.js';
import type { PolicyLevels } from '../evaluate.js';

/** What a proof is about. Pure data: where it was read is not asked. */
export interface ProofSubject {
  readonly account: string;
  readonly keys: readonly ProofKey[];
  readonly interlock: Interlock | null;
  /** Null: the account's roles and users could not be read. */
  readonly principals: readonly AccountPrincipal[] | null;
  /** Only some of the account's roles could be read: of anyone else the worst is assumed. */
  readonly othersUnread?: boolean;
  /** Level by level from the organization's root down; null when they are not known. */
  readonly serviceControlPolicies: PolicyLevels | null;
  readonly resourceControlPolicies: PolicyLevels | null;
}

/** One key in one Region. */
export interface ProofKey {
  /** As the plan names it, or as its owner calls it. */
  readonly name: string;
  /** In findings, where one name stands for two keys. */
  readonly label?: string;
  readonly arn: string;
  readonly keyId: string;
  readonly region: string;
  readonly policy: PolicyDocument;
  /** Only a live key has grants. */
  readonly grants: readonly ProofGrant[] | 'unread' | 'not-asked';
  /** A replica of the key with the same id in this Region; null for a primary or a single-Region key. */
  readonly primaryRegion: string | null;
  /** Who uses the key; null when no plan says so. */
  readonly users: readonly ProofUser[] | null;
  /** What a quorum can let through, with the limits of each. */
  readonly classes: readonly ProofClass[];
}

export interface ProofGrant {
  readonly id: string;
  readonly grantee: string;
  /** Names of KMS operations. */
  readonly operations: readonly string[];
}

export interface ProofUser {
  readonly roleArn: string;
  /** Names of KMS operations. */
  readonly operations: readonly string[];
  readonly encryptionContext: Readonly<Record<string, string>>;
  /** The service's host (`dynamodb.us-east-1.amazonaws.com`) through which the key is used; null when called directly. */
  readonly viaService: string | null;
}

/** A class of the interlock: the API action that its approvals let through. */
export interface ProofClass {
  readonly id: string;
  /** Names of KMS operations. */
  readonly operations: readonly string[];
  /** What a request must keep to, even with a quorum. */
  readonly pins: readonly ConditionElement[];
  /** The Region that its approvals name; absent: the key's own. */
  readonly region?: string;
  /** Who must approve, where it is more than the interlock's threshold. */
  readonly quorum?: QuorumRule;
  /** Has not to be in the policy: what is left out, nobody can do. */
  readonly optional?: true;
}

export interface QuorumRule {
  readonly threshold: number;
  /** How many different duties the approving seats must have. */
  readonly duties: number;
}

/** Who stands behind the interlock. */
export interface Interlock {
  readonly threshold: number;
  readonly seats: readonly ProofSeat[];
  /** Those who may execute and never approve. */
  readonly automation: readonly ProofSeat[];
  readonly executors: readonly ProofExecutor[];
  /** ARNs of the roles that install and repair the interlock, and are trusted with it. */
  readonly installers: readonly string[];
  /** The role that only reads; null where it is not asked about. */
  readonly auditor: string | null;
  /** The roles that bring canaries back; none where the plan lets none use its keys. */
  readonly drills: readonly string[];
  /** The tag `custody:repository` of its keys; null where it is not asked about. */
  readonly repository: string | null;
}

export interface ProofExecutor {
  readonly roleArn: string;
  /** Ids of the classes that it can run; null: all. */
  readonly classes: readonly string[] | null;
  /** May automation enter it? */
  readonly automation: boolean;
}

/** A seat or an automation identity; the id is its SourceIdentity. */
export interface ProofSeat {
  readonly id: string;
  readonly roleArn: string;
  /** Counts where a rule wants several duties. */
  readonly duty?: string;
}

export interface NamedPolicy {
  readonly name: string;
  readonly document: PolicyDocument;
}

/** A role or user of the account. */
export interface AccountPrincipal {
  readonly arn: string;
  /** Null for users, and for a role whose trust policy could not be read. */
  readonly trust: PolicyDocument | null;
  /** Null: not all of them could be read. */
  readonly identity: readonly NamedPolicy[] | null;
  readonly boundary: PolicyDocument | null;
}
