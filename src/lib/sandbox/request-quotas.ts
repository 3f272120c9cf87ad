import type { Service } from './service.js';

/** What a request is counted by. */
export interface QuotedRequest {
  readonly service: Service['name'];
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** A quota and what it grants in a second. */
export interface Quota {
  readonly name: string;
  readonly perSecond: number;
}

/** "Request quotas", KMS Developer Guide: operations that have a quota of their own. */
const KMS_OPERATIONS: Readonly<Record<string, number>> = {
  CancelKeyDeletion: 5,
  CreateAlias: 5,
  CreateGrant: 50,
  CreateKey: 5,
  DeleteAlias: 15,
  DeleteImportedKeyMaterial: 15,
  DescribeKey: 2000,
  DisableKey: 5,
  DisableKeyRotation: 5,
  EnableKey: 5,
  EnableKeyRotation: 15,
  GetKeyLastUsage: 5,
  GetKeyPolicy: 1000,
  GetKeyRotationStatus: 1000,
  GetParametersForImport: 1,
  GetPublicKey: 2000,
  ImportKeyMaterial: 15,
  ListAliases: 500,
  ListGrants: 100,
  ListKeyPolicies: 100,
  ListKeyRotations: 100,
  ListKeys: 500,
  ListResourceTags: 2000,
  ListRetirableGrants: 100,
  PutKeyPolicy: 15,
  ReplicateKey: 5,
  RetireGrant: 50,
  RevokeGrant: 50,
  RotateKeyOnDemand: 5,
  ScheduleKeyDeletion: 15,
  TagResource: 10,
  UntagResource: 5,
  UpdateAlias: 5,
  UpdateKeyDescription: 5,
  UpdatePrimaryRegion: 5,
};

/** Key pairs are slow to make: each spec has its own quota, shared by both operations. */
const KEY_PAIRS: Readonly<Record<string, number>> = {
  ECC_NIST_P256: 25,
  ECC_NIST_P384: 10,
  ECC_NIST_P521: 5,
  ECC_SECG_P256K1: 25,
  RSA_2048: 1,
  RSA_3072: 0.5,
  RSA_4096: 0.1,
};

/** Shared by all cryptographic operations with keys of a kind; the symmetric one is that of most Regions. */
const SYMMETRIC: Quota = { name: 'Cryptographic operations (symmetric)', perSecond: 10_000 };
const RSA: Quota = { name: 'Cryptographic operations (RSA)', perSecond: 500 };
const ECC: Quota = { name: 'Cryptographic operations (ECC)', perSecond: 300 };

function kmsQuota({ operation, input }: QuotedRequest): Quota {
  if (operation.startsWith('GenerateDataKeyPair')) {
    const spec = String(input.KeyPairSpec);
    return { name: `GenerateDataKeyPair (${spec})`, perSecond: KEY_PAIRS[spec] ?? 1 };
  }
  const own = Object.hasOwn(KMS_OPERATIONS, operation) ? KMS_OPERATIONS[operation] : undefined;
  if (own !== undefined) return { name: operation, perSecond: own };
  // The algorithm tells the kind of key before anything is looked up, as the request quota is taken.
  const algorithm = String(
    input.SigningAlgorithm ?? input.EncryptionAlgorithm ?? input.SourceEncryptionAlgorithm ?? '',
  );
  if (algorithm.startsWith('RSA')) return RSA;
  return algorithm.startsWith('ECDSA') || operation === 'DeriveSharedSecret' ? ECC : SYMMETRIC;
}

/** THE table of request quotas; IAM's are not published. */
export const REQUEST_QUOTAS: Readonly<Partial<Record<Service['name'], (request: QuotedRequest) => Quota>>> = {
  kms: kmsQuota,
  // "IAM and AWS STS quotas": all operations of an account in a Region together.
  sts: () => ({ name: 'STS', perSecond: 600 }),
  cloudtrail: cloudTrailQuota,
};

/** "Quotas in AWS CloudTrail": LookupEvents, what describes or lists, and everything else. */
function cloudTrailQuota({ operation }: QuotedRequest): Quota {
  if (operation === 'LookupEvents') return { name: operation, perSecond: 2 };
  return /^(?:Get|List)/.test(operation)
    ? { name: 'CloudTrail Get, Describe and List', perSecond: 10 }
    : { name: 'CloudTrail, all other', perSecond: 1 };
}
