import type { JsonObject } from '../base/canonical-json.js';
import type { Instant } from '../base/time.js';
import type { ListedMaterial } from './material.js';
import type { Warrant } from './warrant.js';

/** `arn:<partition>:kms:<region>:<account>:key/<id>`, never an alias. */
export type KeyArn = string & { readonly __brand: 'KeyArn' };

const KEY_ARN =
  /^arn:(aws|aws-cn|aws-us-gov):kms:([a-z0-9-]{1,32}):(\d{12}):key\/((?:mrk-[0-9a-f]{32})|(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))$/;

export interface KeyArnParts {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly keyId: string;
}

export function isKeyArn(value: unknown): value is KeyArn {
  return typeof value === 'string' && KEY_ARN.test(value);
}

/** The parts of a key ARN; a multi-Region key id starts with `mrk-` and is the same in every Region. */
export function partsOf(arn: KeyArn): KeyArnParts {
  const match = KEY_ARN.exec(arn);
  return { partition: match?.[1] ?? '', region: match?.[2] ?? '', account: match?.[3] ?? '', keyId: match?.[4] ?? '' };
}

export function keyArnOf(parts: KeyArnParts): KeyArn {
  return `arn:${parts.partition}:kms:${parts.region}:${parts.account}:key/${parts.keyId}` as KeyArn;
}

/** The replica (or primary) of the same multi-Region key in another Region. */
export function inRegion(arn: KeyArn, region: string): KeyArn {
  return keyArnOf({ ...partsOf(arn), region });
}

/** AWS's key states (KMS Developer Guide, "Key states of AWS KMS keys"). */
export type KeyState =
  | 'Creating'
  | 'Enabled'
  | 'Disabled'
  | 'PendingDeletion'
  | 'PendingImport'
  | 'PendingReplicaDeletion'
  | 'Unavailable'
  | 'Updating';

export interface KeyDescription {
  readonly arn: KeyArn;
  readonly keyId: string;
  readonly region: string;
  readonly account: string;
  readonly state: KeyState;
  readonly spec: string;
  readonly usage: string;
  readonly origin: string;
  readonly description: string;
  readonly createdAt: Instant;
  readonly deletionAt: Instant | null;
  readonly multiRegion: {
    readonly type: 'PRIMARY' | 'REPLICA';
    readonly primaryRegion: string;
    /** Regions of the replicas, sorted; the primary's is not among them. */
    readonly replicaRegions: readonly string[];
  } | null;
}

export interface RotationStatus {
  readonly enabled: boolean;
  readonly periodDays: number | null;
  readonly nextAt: Instant | null;
  /** Set while an on-demand rotation is under way. */
  readonly onDemandStartedAt: Instant | null;
}

export interface Rotation {
  readonly type: 'AUTOMATIC' | 'ON_DEMAND';
  readonly at: Instant;
  readonly keyMaterialId: string | null;
}

export interface KeyAlias {
  /** With its prefix, `alias/cmk/root`. */
  readonly name: string;
  readonly keyId: string;
}

/**
 * Who may use the key beside its policy (KMS Developer Guide, "Grants in AWS KMS"). A grant's token, which only CreateGrant
 * gives, is no part of it.
 */
export interface Grant {
  /** 64 hex characters. */
  readonly id: string;
  readonly name: string | null;
  /** ARN of a principal, or the service principal that AWS names in its place (`dynamodb.amazonaws.com`). */
  readonly grantee: string;
  /** The same; null when nobody is named. */
  readonly retiring: string | null;
  /** Sorted. */
  readonly operations: readonly string[];
  readonly encryptionContextEquals: Readonly<Record<string, string>> | null;
  readonly encryptionContextSubset: Readonly<Record<string, string>> | null;
  /** The resource for which alone a service principal may use the grant (KMS API Reference, GrantConstraints); else null. */
  readonly sourceArn: string | null;
  readonly createdAt: Instant;
}

/** When a key was last used, as far as KMS has kept account of it. */
export interface KeyUsage {
  /** From when on KMS knows. */
  readonly trackedSince: Instant;
  /** Null when it was not used since. */
  readonly last: { readonly operation: string; readonly at: Instant } | null;
}

/** The public half of an asymmetric key. */
export interface KeyPublicPart {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Sorted; empty for a key that does not sign. */
  readonly signingAlgorithms: readonly string[];
}

/** One call to AWS exactly as a quorum signed it: the service model's own operation and member names. */
export interface AwsCall {
  readonly service: 'kms';
  readonly region: string;
  readonly operation: string;
  readonly parameters: JsonObject;
}

export interface AwsAnswer {
  readonly requestId: string;
  /** AWS's own clock at the answer (the Date header), null where it gave none. */
  readonly serverTime: Instant | null;
  readonly answer: JsonObject;
}

export interface CallerIdentity {
  readonly account: string;
  readonly partition: string;
  /** The caller's own ARN (`arn:aws:sts::…:assumed-role/ROLE/SESSION` for role sessions). */
  readonly arn: string;
  readonly serverTime: Instant | null;
}

/**
 * PORT: what custody needs of a KMS. Readers answer `null` for "no such key"; other failures are typed:
 * DENIED, CREDENTIALS_MISSING (4), UNAVAILABLE, TIMEOUT, THROTTLED (5). Readers retry with jitter by themselves.
 */
export interface KeyReader {
  describe(region: string, key: string): Promise<KeyDescription | null>;
  /** Every alias of the Region, all pages. */
  aliases(region: string): Promise<readonly KeyAlias[]>;
  /** Every key id of the Region, all pages. */
  keyIds(region: string): Promise<readonly string[]>;
  /** The key policy named `default`, text as KMS gives it. */
  policy(region: string, key: string): Promise<string | null>;
  tags(region: string, key: string): Promise<Readonly<Record<string, string>> | null>;
  rotationStatus(region: string, key: string): Promise<RotationStatus | null>;
  /** All rotations, oldest first, all pages. */
  rotations(region: string, key: string): Promise<readonly Rotation[] | null>;
  /** Every grant on the key, all pages, by id. */
  grants(region: string, key: string): Promise<readonly Grant[] | null>;
  /** Every material of the key, the first one and those that wait included, by id; all pages. */
  materials(region: string, key: string): Promise<readonly ListedMaterial[] | null>;
  /** @throws CustodyError REFUSED for a key without a public half */
  publicKey(region: string, key: string): Promise<KeyPublicPart | null>;
  /** The last successful cryptographic operation; `unknown` where KMS does not keep account of it. */
  lastUse(region: string, key: string): Promise<KeyUsage | 'unknown' | null>;
}

/** PORT: one who may change keys. A mutating call is sent once: it is never retried after it may have reached AWS. */
export interface KeyWriter {
  /**
   * Carries out one signed call.
   * @throws CustodyError DENIED · UNAVAILABLE with `details.maybeDone: true` when the answer was lost ·
   *   THROTTLED with `details.maybeDone: false` · REFUSED with `details.awsCode` when AWS said no
   */
  call(call: AwsCall): Promise<AwsAnswer>;
}

/** What came of moving a ciphertext to the current material of a key. */
export interface ReEncrypted {
  readonly ciphertext: Uint8Array;
  /** 64 hex characters; null where AWS does not say. */
  readonly sourceMaterialId: string | null;
  readonly materialId: string | null;
}

/** From which key to which: the same one, or the one that replaces it. */
export interface KeyMove {
  readonly from: KeyArn;
  readonly to: KeyArn;
}

/** PORT: one who may move ciphertexts of a key to its current material, and nothing else. */
export interface KeyReEncryptor {
  /**
   * ReEncrypt from the key to itself, or to the one that replaces it, under the same encryption context, both literal:
   * anything wider would be Decrypt (T56). The plaintext never leaves KMS.
   * @param keys of one Region, where it is called
   * @throws CustodyError REFUSED with `details.awsCode` (InvalidCiphertextException: not of this key and context) · DENIED ·
   *   UNAVAILABLE, TIMEOUT, THROTTLED
   */
  reEncrypt(keys: KeyMove, ciphertext: Uint8Array, context: Readonly<Record<string, string>>): Promise<ReEncrypted>;
}

/** PORT: identities at AWS. */
export interface KeyAuthority {
  whoAmI(): Promise<CallerIdentity>;
  /** IAM's unique id (`AROA…`) of a role by ARN: a re-created role has another one. Null when there is no such role. */
  roleId(roleArn: string): Promise<string | null>;
  /**
   * Whether the guard will let these calls through, before anything is begun: sends nothing.
   * @throws CustodyError REFUSED with the rules · GUARD_BROKEN
   */
  assertAllowable(calls: readonly AwsCall[], warrant: Warrant): Promise<void>;
  /** A writer in a session of the executor role, 900 s, SourceIdentity as given, limited to `keys` and `operations`. */
  assumeExecutor(session: ExecutorSession, warrant: Warrant): Promise<KeyWriter>;
  /** A writer with the caller's own credentials: for a veto, which a seat may make alone. */
  own(warrant: Warrant): KeyWriter;
}

export interface ExecutorSession {
  readonly roleArn: string;
  readonly sourceIdentity: string;
  /** Becomes the session's name: the request id. */
  readonly sessionName: string;
  /** Actions (`kms:RotateKeyOnDemand`) and resources of the inline session policy. */
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Actions that AWS checks against no resource (`kms:CreateKey`, for a replica too); absent for none. */
  readonly unscoped?: readonly string[];
}
