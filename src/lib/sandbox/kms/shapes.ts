/** The input shapes of the KMS service model (API version 2014-11-01) and their constraints. */

export type Shape =
  | {
      readonly type: 'string';
      readonly min?: number;
      readonly max?: number;
      readonly pattern?: string;
      readonly choices?: readonly string[];
    }
  | { readonly type: 'blob'; readonly min: number; readonly max: number }
  | { readonly type: 'integer'; readonly min: number; readonly max: number }
  | { readonly type: 'list'; readonly member: string; readonly max?: number }
  | { readonly type: 'boolean' | 'timestamp' | 'textMap' | 'structure' };

const text = (min: number, max: number, pattern?: string): Shape =>
  pattern === undefined ? { type: 'string', min, max } : { type: 'string', min, max, pattern };
const choice = (words: string): Shape => ({ type: 'string', choices: words.split(' ') });
const blob = (min: number, max: number): Shape => ({ type: 'blob', min, max });
const integer = (min: number, max: number): Shape => ({ type: 'integer', min, max });
const list = (member: string, max?: number): Shape =>
  max === undefined ? { type: 'list', member } : { type: 'list', member, max };

const KEY_SPECS =
  'RSA_2048 RSA_3072 RSA_4096 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1 SYMMETRIC_DEFAULT HMAC_224 HMAC_256 HMAC_384 HMAC_512 SM2 ML_DSA_44 ML_DSA_65 ML_DSA_87 ECC_NIST_EDWARDS25519';
const ENCRYPTION_ALGORITHMS = 'SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256 SM2PKE';

/** By shape name. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  AlgorithmSpec: choice(
    'RSAES_PKCS1_V1_5 RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256 RSA_AES_KEY_WRAP_SHA_1 RSA_AES_KEY_WRAP_SHA_256 SM2PKE',
  ),
  AliasNameType: text(1, 256, '^[a-zA-Z0-9:/_-]+$'),
  BackingKeyIdType: text(64, 64, '^[a-f0-9]+$'),
  BooleanType: { type: 'boolean' },
  CiphertextType: blob(1, 6144),
  DataKeyPairSpec: choice(
    'RSA_2048 RSA_3072 RSA_4096 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1 SM2 ECC_NIST_EDWARDS25519',
  ),
  DataKeySpec: choice('AES_256 AES_128'),
  DateType: { type: 'timestamp' },
  DescriptionType: text(0, 8192),
  DryRunModifierList: list('DryRunModifierType'),
  DryRunModifierType: choice('IGNORE_CIPHERTEXT'),
  EncryptionAlgorithmSpec: choice(ENCRYPTION_ALGORITHMS),
  EncryptionContextType: { type: 'textMap' },
  ExpirationModelType: choice('KEY_MATERIAL_EXPIRES KEY_MATERIAL_DOES_NOT_EXPIRE'),
  GrantConstraints: { type: 'structure' },
  GrantIdType: text(1, 128),
  GrantNameType: text(1, 256, '^[a-zA-Z0-9:/_-]+$'),
  GrantOperation: choice(
    'Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo Sign Verify GetPublicKey CreateGrant RetireGrant DescribeKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateMac VerifyMac DeriveSharedSecret',
  ),
  GrantOperationList: list('GrantOperation'),
  GrantTokenList: list('GrantTokenType', 10),
  GrantTokenType: text(1, 8192),
  ImportType: choice('NEW_KEY_MATERIAL EXISTING_KEY_MATERIAL'),
  IncludeKeyMaterial: choice('ALL_KEY_MATERIAL ROTATIONS_ONLY'),
  KeyAgreementAlgorithmSpec: choice('ECDH'),
  KeyIdType: text(1, 2048),
  KeyMaterialDescriptionType: text(0, 256, '^[a-zA-Z0-9:/_\\s.-]+$'),
  KeySpec: choice(KEY_SPECS),
  KeyUsageType: choice('SIGN_VERIFY ENCRYPT_DECRYPT GENERATE_VERIFY_MAC KEY_AGREEMENT'),
  LimitType: integer(1, 1000),
  MacAlgorithmSpec: choice('HMAC_SHA_224 HMAC_SHA_256 HMAC_SHA_384 HMAC_SHA_512'),
  MarkerType: text(1, 1024, '[\\u0020-\\u00FF]*'),
  MessageType: choice('RAW DIGEST EXTERNAL_MU'),
  NumberOfBytesType: integer(1, 1024),
  OriginType: choice('AWS_KMS EXTERNAL AWS_CLOUDHSM EXTERNAL_KEY_STORE'),
  // The model says 1 to 365; the API reference and the service say 7 to 30.
  PendingWindowInDaysType: integer(7, 30),
  PlaintextType: blob(1, 4096),
  PolicyNameType: text(1, 128, '[\\w]+'),
  PolicyType: text(1, 131072, '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+'),
  PrincipalIdType: text(1, 256, '^[\\w+=,.@:/-]+$'),
  PublicKeyType: blob(1, 8192),
  RegionType: text(1, 32, '^([a-z]+-){2,3}\\d+$'),
  RotationPeriodInDaysType: integer(90, 2560),
  // The documents give no pattern: the form of the service principals that they name.
  ServicePrincipalType: text(1, 256, '^[a-z0-9-]+(?:\\.[a-z0-9-]+)*\\.amazonaws\\.com(?:\\.cn)?$'),
  SigningAlgorithmSpec: choice(
    'RSASSA_PSS_SHA_256 RSASSA_PSS_SHA_384 RSASSA_PSS_SHA_512 RSASSA_PKCS1_V1_5_SHA_256 RSASSA_PKCS1_V1_5_SHA_384 RSASSA_PKCS1_V1_5_SHA_512 ECDSA_SHA_256 ECDSA_SHA_384 ECDSA_SHA_512 SM2DSA ML_DSA_SHAKE_256 ED25519_SHA_512 ED25519_PH_SHA_512',
  ),
  Tag: { type: 'structure' },
  TagKeyList: list('TagKeyType'),
  TagKeyType: text(1, 128),
  TagList: list('Tag'),
  WrappingKeySpec: choice('RSA_2048 RSA_3072 RSA_4096 SM2'),
};

/** The shape of each input member; KMS gives a name the same shape wherever it stands. */
export const MEMBERS: Readonly<Record<string, string>> = {
  AliasName: 'AliasNameType',
  BypassPolicyLockoutSafetyCheck: 'BooleanType',
  CiphertextBlob: 'CiphertextType',
  Constraints: 'GrantConstraints',
  CustomerMasterKeySpec: 'KeySpec',
  Description: 'DescriptionType',
  DestinationEncryptionAlgorithm: 'EncryptionAlgorithmSpec',
  DestinationEncryptionContext: 'EncryptionContextType',
  DestinationKeyId: 'KeyIdType',
  DryRun: 'BooleanType',
  DryRunModifiers: 'DryRunModifierList',
  EncryptedKeyMaterial: 'CiphertextType',
  EncryptionAlgorithm: 'EncryptionAlgorithmSpec',
  EncryptionContext: 'EncryptionContextType',
  ExpirationModel: 'ExpirationModelType',
  GrantId: 'GrantIdType',
  GrantToken: 'GrantTokenType',
  GrantTokens: 'GrantTokenList',
  GranteePrincipal: 'PrincipalIdType',
  GranteeServicePrincipal: 'ServicePrincipalType',
  ImportToken: 'CiphertextType',
  ImportType: 'ImportType',
  IncludeKeyMaterial: 'IncludeKeyMaterial',
  KeyAgreementAlgorithm: 'KeyAgreementAlgorithmSpec',
  KeyId: 'KeyIdType',
  KeyMaterialDescription: 'KeyMaterialDescriptionType',
  KeyMaterialId: 'BackingKeyIdType',
  KeyPairSpec: 'DataKeyPairSpec',
  KeyUsage: 'KeyUsageType',
  Limit: 'LimitType',
  Mac: 'CiphertextType',
  MacAlgorithm: 'MacAlgorithmSpec',
  Marker: 'MarkerType',
  Message: 'PlaintextType',
  MessageType: 'MessageType',
  MultiRegion: 'BooleanType',
  Name: 'GrantNameType',
  NumberOfBytes: 'NumberOfBytesType',
  Operations: 'GrantOperationList',
  Origin: 'OriginType',
  PendingWindowInDays: 'PendingWindowInDaysType',
  Plaintext: 'PlaintextType',
  Policy: 'PolicyType',
  PolicyName: 'PolicyNameType',
  PrimaryRegion: 'RegionType',
  PublicKey: 'PublicKeyType',
  ReplicaRegion: 'RegionType',
  RetiringPrincipal: 'PrincipalIdType',
  RetiringServicePrincipal: 'ServicePrincipalType',
  RotationPeriodInDays: 'RotationPeriodInDaysType',
  Signature: 'CiphertextType',
  SigningAlgorithm: 'SigningAlgorithmSpec',
  SourceEncryptionAlgorithm: 'EncryptionAlgorithmSpec',
  SourceEncryptionContext: 'EncryptionContextType',
  SourceKeyId: 'KeyIdType',
  TagKeys: 'TagKeyList',
  Tags: 'TagList',
  TargetKeyId: 'KeyIdType',
  ValidTo: 'DateType',
  WrappingAlgorithm: 'AlgorithmSpec',
  WrappingKeySpec: 'WrappingKeySpec',
};

/** The input of each operation: member names, `!` after those that are required. `KeySpec` of data keys is its own shape. */
export const INPUTS: Readonly<Record<string, string>> = {
  CancelKeyDeletion: 'KeyId!',
  CreateAlias: 'AliasName! TargetKeyId!',
  CreateGrant:
    'KeyId! GranteePrincipal RetiringPrincipal Operations! Constraints GrantTokens Name DryRun GranteeServicePrincipal RetiringServicePrincipal',
  CreateKey:
    'Policy Description KeyUsage CustomerMasterKeySpec KeySpec Origin BypassPolicyLockoutSafetyCheck Tags MultiRegion',
  Decrypt: 'CiphertextBlob EncryptionContext GrantTokens KeyId EncryptionAlgorithm DryRun DryRunModifiers',
  DeleteAlias: 'AliasName!',
  DeleteImportedKeyMaterial: 'KeyId! KeyMaterialId',
  DeriveSharedSecret: 'KeyId! KeyAgreementAlgorithm! PublicKey! GrantTokens DryRun',
  DescribeKey: 'KeyId! GrantTokens',
  DisableKey: 'KeyId!',
  DisableKeyRotation: 'KeyId!',
  EnableKey: 'KeyId!',
  EnableKeyRotation: 'KeyId! RotationPeriodInDays',
  Encrypt: 'KeyId! Plaintext! EncryptionContext GrantTokens EncryptionAlgorithm DryRun',
  GenerateDataKey: 'KeyId! EncryptionContext NumberOfBytes KeySpec:DataKeySpec GrantTokens DryRun',
  GenerateDataKeyPair: 'KeyId! KeyPairSpec! EncryptionContext GrantTokens DryRun',
  GenerateDataKeyPairWithoutPlaintext: 'KeyId! KeyPairSpec! EncryptionContext GrantTokens DryRun',
  GenerateDataKeyWithoutPlaintext: 'KeyId! EncryptionContext NumberOfBytes KeySpec:DataKeySpec GrantTokens DryRun',
  GenerateMac: 'Message! KeyId! MacAlgorithm! GrantTokens DryRun',
  GenerateRandom: 'NumberOfBytes',
  GetKeyLastUsage: 'KeyId!',
  GetKeyPolicy: 'KeyId! PolicyName',
  GetKeyRotationStatus: 'KeyId!',
  GetParametersForImport: 'KeyId! WrappingAlgorithm! WrappingKeySpec!',
  GetPublicKey: 'KeyId! GrantTokens',
  ImportKeyMaterial:
    'KeyId! ImportToken! EncryptedKeyMaterial! ValidTo ExpirationModel ImportType KeyMaterialDescription KeyMaterialId',
  ListAliases: 'KeyId Limit Marker',
  ListGrants: 'KeyId! Limit Marker GrantId GranteePrincipal GranteeServicePrincipal',
  ListKeyPolicies: 'KeyId! Limit Marker',
  ListKeyRotations: 'KeyId! IncludeKeyMaterial Limit Marker',
  ListKeys: 'Limit Marker',
  ListResourceTags: 'KeyId! Limit Marker',
  ListRetirableGrants: 'RetiringPrincipal RetiringServicePrincipal Limit Marker',
  PutKeyPolicy: 'KeyId! Policy! PolicyName BypassPolicyLockoutSafetyCheck',
  ReEncrypt:
    'CiphertextBlob SourceEncryptionContext SourceKeyId DestinationKeyId! DestinationEncryptionContext SourceEncryptionAlgorithm DestinationEncryptionAlgorithm GrantTokens DryRun DryRunModifiers',
  ReplicateKey: 'KeyId! ReplicaRegion! Policy BypassPolicyLockoutSafetyCheck Description Tags',
  RetireGrant: 'GrantToken KeyId GrantId DryRun',
  RevokeGrant: 'KeyId! GrantId! DryRun',
  RotateKeyOnDemand: 'KeyId!',
  ScheduleKeyDeletion: 'KeyId! PendingWindowInDays',
  Sign: 'KeyId! Message! MessageType GrantTokens SigningAlgorithm! DryRun',
  TagResource: 'KeyId! Tags!',
  UntagResource: 'KeyId! TagKeys!',
  UpdateAlias: 'AliasName! TargetKeyId!',
  UpdateKeyDescription: 'KeyId! Description!',
  UpdatePrimaryRegion: 'KeyId! PrimaryRegion!',
  Verify: 'KeyId! Message! MessageType Signature! SigningAlgorithm! GrantTokens DryRun',
  VerifyMac: 'Message! KeyId! MacAlgorithm! Mac! GrantTokens DryRun',
};
