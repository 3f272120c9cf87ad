import type { Digest } from '../base/bytes.js';
import type { PublicKey } from '../base/signature.js';
import type { Instant } from '../base/time.js';

/** `^[a-z][a-z0-9-]{1,30}$`: also a SourceIdentity and part of a tag key at AWS. */
export type CustodianId = string & { readonly __brand: 'CustodianId' };

export const ID_PATTERN = /^[a-z][a-z0-9-]{1,30}$/;
/** Is this an id of a person or automation identity? */
export function isCustodianId(value: unknown): value is CustodianId {
  return typeof value === 'string' && ID_PATTERN.test(value);
}

export const DUTIES = ['SecurityArchitect', 'PrivacyEngineer'] as const;
export type Duty = (typeof DUTIES)[number];

/** Where a key's private half lives; says nothing about trust. */
export type KeyHome = { readonly type: 'kms'; readonly arn: string } | { readonly type: 'local' };

export interface RosterKey {
  readonly keyId: Digest;
  readonly algorithm: string;
  /** DER SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  readonly home: KeyHome;
}

/** A seat: one person, one IAM role, their keys. */
export interface Custodian {
  readonly id: CustodianId;
  readonly name: string;
  readonly duty: Duty;
  /** Never shared with another seat (T52). */
  readonly roleArn: string;
  readonly keys: readonly RosterKey[];
}

/** Opens, executes and heartbeats for its owner; never approves. */
export interface Automation {
  readonly id: CustodianId;
  readonly owner: CustodianId;
  readonly roleArn: string;
  readonly keys: readonly RosterKey[];
}

/** `roster/<n>.json`. */
export interface Roster {
  readonly schema: 1;
  /** 16 hex characters, drawn at `init`: binds every record to this repository. */
  readonly repository: string;
  readonly version: number;
  readonly previous: Digest | null;
  /** How many custodians must sign: 2 ≤ threshold ≤ custodians − 1. */
  readonly threshold: number;
  readonly custodians: readonly Custodian[];
  readonly automation: readonly Automation[];
  /** The IAM role that alone may change keys. */
  readonly executorRoleArn: string;
  readonly createdAt: Instant;
}

/** The person or automation identity that a verified key stands for. */
export interface Identity {
  readonly id: CustodianId;
  readonly kind: 'custodian' | 'automation';
  /** The person who answers for it: the custodian's own id, or the automation's owner. */
  readonly person: CustodianId;
  readonly duty: Duty | null;
  readonly key: PublicKey;
}
