/**
 * What a grant may let someone do. CreateGrant is not among them: it would pass the power on without a quorum; signatures
 * and MACs are not made with the keys of a plan.
 */
export const GRANT_OPERATIONS = [
  'Decrypt',
  'DescribeKey',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'RetireGrant',
] as const;

export type GrantOperation = (typeof GRANT_OPERATIONS)[number];
