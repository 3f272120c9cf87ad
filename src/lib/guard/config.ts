import type { JsonObject } from '../base/canonical-json.js';
import type { LedgerPlan } from '../plan/plan.js';

/** The folder of a ledger in its bucket when the plan names none. */
const PREFIX = 'custody/';

/**
 * `data.config` of the policies: which buckets are the ledger's, and how long it is kept. Null where the plan has no ledger
 * in S3: then no bucket is.
 * @param kmsKeys ARNs of the key that encrypts it, where they are known; its name in the plan always counts
 */
export function configOf(ledger: LedgerPlan | undefined, kmsKeys: readonly string[] = []): JsonObject {
  if (ledger?.store !== 's3' || !ledger.s3) return { ledger: null };
  const { bucket, replica, prefix = PREFIX, key } = ledger.s3;
  return {
    ledger: {
      buckets: [bucket, ...(replica ? [replica.bucket] : [])],
      accessPoints: {},
      prefix,
      retentionDays: ledger.retentionDays,
      key,
      kmsKeys,
    },
  };
}
