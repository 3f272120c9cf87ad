import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import { differenceOf, type PolicyDifference } from '../policy/difference.js';
import type { RequestPredicate } from '../record/statement.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import { newestBackup } from './at.js';
import type { BackupPlace } from './backup.js';
import { findKey, policyFor } from './key-in.js';
import type { Rules } from './newest.js';

/** What a requested policy changes against the newest backup: what approvers are shown beside the live one (T42). */
export interface AgainstBackup {
  readonly sequence: number;
  readonly createdAt: Instant;
  readonly difference: readonly PolicyDifference[];
}

type Said = Pick<RequestPredicate, 'action' | 'account' | 'region' | 'key' | 'parameters'>;

/** Null for a request of another action, and where no backup holds the key's policy. */
export async function againstNewest(
  place: BackupPlace,
  verifier: StatementVerifier,
  rules: Rules,
  { action, account, region, key, parameters }: Said,
): Promise<AgainstBackup | null> {
  const { keyId, alias, arn } = key ?? {};
  if (action !== 'key.policy' || !keyId || !alias || !arn || typeof parameters.policy !== 'string') return null;
  try {
    const backup = await newestBackup(place, verifier, rules);
    const found = await findKey(backup, { account, region, keyId, alias });
    const { policy } = found.snapshot;
    const then = policy === undefined ? null : policyFor(policy, found.keyId, keyId);
    const difference = differenceOf(then, parameters.policy, { account, region, keyArn: arn });
    return { sequence: backup.manifest.sequence, createdAt: backup.manifest.createdAt, difference };
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'NOT_FOUND') return null;
    throw cause;
  }
}
