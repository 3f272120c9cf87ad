import type { JsonObject, JsonValue } from '../../base/canonical-json.js';
import { isObject } from '../kms/input.js';
import { textOf } from './access.js';
import { invalidArgument, malformedXml, s3Error } from './errors.js';

/** What S3 refuses of configurations before it keeps them. */

export function listOf(value: JsonValue | undefined): readonly JsonObject[] {
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [];
  return list.filter(isObject);
}

/** A count of days or years. */
function isCount(text: string): boolean {
  return /^[1-9]\d{0,5}$/.test(text);
}

/** A default retention: a mode, and days or years. @throws ServiceError MalformedXML, InvalidArgument */
export function checkLockRule(rule: JsonObject): void {
  const retention = isObject(rule.DefaultRetention) ? rule.DefaultRetention : {};
  const { Days, Years } = retention;
  if (!['COMPLIANCE', 'GOVERNANCE'].includes(textOf(retention, 'Mode'))) throw malformedXml();
  if ((Days === undefined) === (Years === undefined)) throw malformedXml();
  const count = String(Days ?? Years);
  if (!isCount(count) || Number(count) > (Years === undefined ? 36_500 : 100)) {
    throw invalidArgument('Default retention period must be a positive integer value.', 'Days', count);
  }
}

/** One rule: AES256, or aws:kms with a key. @throws ServiceError MalformedXML, InvalidArgument, NotImplemented */
export function checkEncryption(value: JsonObject): void {
  const rules = listOf(value.Rule);
  if (rules.length !== 1) throw malformedXml();
  for (const { ApplyServerSideEncryptionByDefault: by, BlockedEncryptionTypes } of rules) {
    if (BlockedEncryptionTypes !== undefined)
      throw s3Error('NotImplemented', 'The sandbox has no BlockedEncryptionTypes.');
    const algorithm = isObject(by) ? textOf(by, 'SSEAlgorithm') : '';
    if (algorithm === 'aws:kms:dsse') throw s3Error('NotImplemented', 'The sandbox has no dual-layer encryption.');
    if (algorithm !== 'AES256' && algorithm !== 'aws:kms') throw malformedXml();
    const key = isObject(by) ? textOf(by, 'KMSMasterKeyID') : '';
    if (algorithm === 'aws:kms' && key === '') throw s3Error('NotImplemented', 'The sandbox has no key aws/s3.');
    if (algorithm === 'AES256' && key !== '') {
      throw invalidArgument(
        'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms',
        'KMSMasterKeyID',
        key,
      );
    }
  }
}

export function checkPublicAccess(value: JsonObject): void {
  if (!Object.values(value).every((flag) => flag === 'true' || flag === 'false')) throw malformedXml();
}

/** No ACLs. @throws ServiceError MalformedXML, NotImplemented */
export function checkOwnership(value: JsonObject): void {
  const [rule, ...more] = listOf(value.Rule);
  const ownership = rule === undefined ? '' : textOf(rule, 'ObjectOwnership');
  if (more.length > 0 || !['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'].includes(ownership))
    throw malformedXml();
  if (ownership !== 'BucketOwnerEnforced')
    throw s3Error('NotImplemented', 'The sandbox has no ACLs: ObjectOwnership is BucketOwnerEnforced.');
}

const CLASSES = ['STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER', 'GLACIER_IR', 'DEEP_ARCHIVE'];

/** Rules that do something, each with a filter. @throws ServiceError MalformedXML, InvalidArgument, InvalidRequest */
export function checkLifecycle(value: JsonObject): void {
  const rules = listOf(value.Rule);
  if (rules.length === 0 || rules.length > 1000) throw malformedXml();
  const ids = rules.map((rule) => textOf(rule, 'ID')).filter((id) => id !== '');
  if (new Set(ids).size !== ids.length)
    throw s3Error('InvalidArgument', 'Rule ID must be unique. Found same ID for more than one rule');
  for (const rule of rules) {
    const moves = [...listOf(rule.Transition), ...listOf(rule.NoncurrentVersionTransition)];
    const acts = [...moves, rule.Expiration, rule.NoncurrentVersionExpiration, rule.AbortIncompleteMultipartUpload];
    if (!['Enabled', 'Disabled'].includes(textOf(rule, 'Status'))) throw malformedXml();
    if (!acts.some((act) => act !== undefined)) {
      throw s3Error('InvalidRequest', 'At least one action needs to be specified in a rule');
    }
    if (rule.Filter === undefined && rule.Prefix === undefined) throw malformedXml();
    if (!moves.every((move) => CLASSES.includes(textOf(move, 'StorageClass')))) throw malformedXml();
  }
}
