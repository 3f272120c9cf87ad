import type { ProofSubject } from './subject.js';

/** The ARN of a key that no plan has, where the first key of the proof is. */
export function someKey({ account, keys }: Pick<ProofSubject, 'account' | 'keys'>): string {
  const [partition, region] = keys[0]?.arn.split(':').filter((_, at) => at === 1 || at === 3) ?? ['aws', 'us-east-1'];
  return `arn:${partition}:kms:${region}:${account}:key/00000000-0000-0000-0000-000000000000`;
}
