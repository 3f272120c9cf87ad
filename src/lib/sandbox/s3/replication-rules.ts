import type { JsonObject } from '../../base/canonical-json.js';
import { isObject } from '../kms/input.js';
import { textOf } from './access.js';
import { listOf } from './checks.js';
import { invalidArgument, malformedXml, s3Error } from './errors.js';
import type { BucketRow, S3World, VersionRow } from './state.js';

/** Where a version goes. */
export interface Destination {
  readonly roleArn: string;
  readonly bucket: string;
  readonly keyArn: string | null;
}

/** @throws ServiceError InvalidRequest and the like: versioning, role, destination */
export function checkReplication(value: JsonObject, bucket: BucketRow, world: S3World): void {
  if (bucket.versioning !== 'Enabled') {
    throw s3Error('InvalidRequest', "Versioning must be 'Enabled' on the bucket to apply a replication configuration");
  }
  const role = textOf(value, 'Role');
  if (!world.principalExists(role)) throw invalidArgument('Invalid role ARN', 'Role', role);
  const rules = listOf(value.Rule);
  if (rules.length === 0) throw malformedXml();
  for (const rule of rules) {
    if (!['Enabled', 'Disabled'].includes(textOf(rule, 'Status')) || !isObject(rule.Destination)) throw malformedXml();
    if (isObject(rule.ExistingObjectReplication))
      throw s3Error('NotImplemented', 'The sandbox has no ExistingObjectReplication.');
    const destination = world.buckets.get(bucketNameIn(rule));
    if (destination === undefined) throw s3Error('InvalidRequest', 'Destination bucket must exist.');
    if (destination.versioning !== 'Enabled') {
      throw s3Error('InvalidRequest', 'Destination bucket must have versioning enabled.');
    }
  }
}

/** The destination of a new version; null where no rule takes it. */
export function destinationOf({ replication }: BucketRow, row: VersionRow): Destination | null {
  if (replication === null) return null;
  const rules = [...listOf(replication.Rule)].sort(
    (a, b) => Number(textOf(b, 'Priority')) - Number(textOf(a, 'Priority')),
  );
  const rule = rules.find((one) => takes(one, row));
  if (rule === undefined) return null;
  const { EncryptionConfiguration: encryption } = isObject(rule.Destination) ? rule.Destination : {};
  const keyArn = isObject(encryption) ? textOf(encryption, 'ReplicaKmsKeyID') : '';
  return { roleArn: textOf(replication, 'Role'), bucket: bucketNameIn(rule), keyArn: keyArn === '' ? null : keyArn };
}

/** "By default, S3 doesn't replicate objects that are encrypted with SSE-KMS", nor delete markers of rules with a filter. */
function takes(rule: JsonObject, row: VersionRow): boolean {
  if (textOf(rule, 'Status') !== 'Enabled') return false;
  const prefix = isObject(rule.Filter) ? textOf(rule.Filter, 'Prefix') : textOf(rule, 'Prefix');
  if (!row.key.startsWith(prefix)) return false;
  if (row.marker) return statusIn(rule.DeleteMarkerReplication) === 'Enabled';
  if (row.encryption.algorithm !== 'aws:kms') return true;
  const { SseKmsEncryptedObjects } = isObject(rule.SourceSelectionCriteria) ? rule.SourceSelectionCriteria : {};
  return statusIn(SseKmsEncryptedObjects) === 'Enabled';
}

function statusIn(value: JsonObject[string] | undefined): string {
  return isObject(value) ? textOf(value, 'Status') : '';
}

function bucketNameIn({ Destination: destination }: JsonObject): string {
  return isObject(destination) ? textOf(destination, 'Bucket').replace(/^arn:[a-z-]+:s3:::/, '') : '';
}
