import type { JsonObject } from '../../base/canonical-json.js';
import { instantFromMillis } from '../../base/time.js';
import { isObject } from '../kms/input.js';
import type { Call } from '../service.js';
import { authorize, type Context, type Operations, openBucket, optionalTextOf, textOf } from './access.js';
import { invalidArgument, malformedXml, s3Error } from './errors.js';
import { namedVersion } from './find.js';
import { type BucketRow, putVersion, type S3World, type VersionRow } from './state.js';

/** Object Lock ("How S3 Object Lock works"): how long nobody deletes a version. */
export type Lock = Pick<VersionRow, 'mode' | 'retainUntilMillis' | 'legalHold'>;

const DAY = 86_400_000;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** The lock of a new version: what the request says, else the bucket's default. */
export function lockOf(bucket: BucketRow, input: JsonObject, nowMillis: number): Lock {
  const [mode, until] = [optionalTextOf(input, 'ObjectLockMode'), optionalTextOf(input, 'ObjectLockRetainUntilDate')];
  const hold = optionalTextOf(input, 'ObjectLockLegalHoldStatus');
  if (!bucket.lockEnabled) {
    if (mode === null && until === null && hold === null)
      return { mode: null, retainUntilMillis: null, legalHold: null };
    throw s3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
  const legalHold = hold === null ? null : holdOf(hold);
  if (mode === null && until === null) return { ...defaultLock(bucket, nowMillis), legalHold };
  if (mode === null || until === null) {
    throw s3Error(
      'InvalidArgument',
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    );
  }
  return { mode: modeOf(mode), retainUntilMillis: futureOf(until, nowMillis), legalHold };
}

function defaultLock({ lockRule }: BucketRow, nowMillis: number): Pick<Lock, 'mode' | 'retainUntilMillis'> {
  const rule = isObject(lockRule?.DefaultRetention) ? lockRule.DefaultRetention : null;
  if (rule === null) return { mode: null, retainUntilMillis: null };
  const days = rule.Days === undefined ? 365 * Number(rule.Years) : Number(rule.Days);
  return { mode: modeOf(textOf(rule, 'Mode')), retainUntilMillis: nowMillis + days * DAY };
}

function modeOf(text: string): 'COMPLIANCE' | 'GOVERNANCE' {
  if (text === 'COMPLIANCE' || text === 'GOVERNANCE') return text;
  throw invalidArgument('Unknown wormMode directive.', 'x-amz-object-lock-mode', text);
}

function holdOf(text: string): 'ON' | 'OFF' {
  if (text === 'ON' || text === 'OFF') return text;
  throw invalidArgument('Legal Hold must be either of ON or OFF', 'x-amz-object-lock-legal-hold', text);
}

function futureOf(text: string, nowMillis: number): number {
  const millis = ISO.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(millis)) {
    throw invalidArgument('The retain until date must be provided in ISO 8601 format', 'RetainUntilDate', text);
  }
  if (millis > nowMillis) return millis;
  throw invalidArgument('The retain until date must be in the future!', 'RetainUntilDate', text);
}

/** Condition keys about a retention that a request sets. */
export function lockContext(mode: string | null, until: string | null, nowMillis: number): Context {
  const millis = until === null ? Number.NaN : Date.parse(until);
  return {
    ...(mode !== null && { 's3:object-lock-mode': mode }),
    ...(until !== null && { 's3:object-lock-retain-until-date': until }),
    ...(!Number.isNaN(millis) && {
      's3:object-lock-remaining-retention-days': String(Math.ceil((millis - nowMillis) / DAY)),
    }),
  };
}

export function isRetained({ retainUntilMillis }: Lock, nowMillis: number): boolean {
  return retainUntilMillis !== null && retainUntilMillis > nowMillis;
}

export function protectedByLock() {
  return s3Error('AccessDenied', 'Access Denied because object protected by object lock.');
}

/** Whether the caller asks to pass over governance mode. @throws ServiceError AccessDenied without the right to */
export function bypasses(world: S3World, call: Call, bucket: BucketRow, key: string, input: JsonObject): boolean {
  if (textOf(input, 'BypassGovernanceRetention').toLowerCase() !== 'true') return false;
  authorize(world, call, 's3:BypassGovernanceRetention', bucket, key);
  return true;
}

export const lockOperations: Operations = (world) => ({
  PutObjectRetention: (input, call) => putRetention(world, call, input),

  GetObjectRetention(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:GetObjectRetention', bucket, textOf(input, 'Key'));
    const row = lockable(world, call, bucket, input);
    if (row.mode === null || row.retainUntilMillis === null) throw noLock();
    return { Mode: row.mode, RetainUntilDate: instantFromMillis(row.retainUntilMillis) };
  },

  PutObjectLegalHold(input, call) {
    const bucket = openBucket(world, call, input);
    const wanted = isObject(input.LegalHold) ? textOf(input.LegalHold, 'Status') : '';
    const context = { 's3:object-lock-legal-hold': wanted };
    authorize(world, call, 's3:PutObjectLegalHold', bucket, textOf(input, 'Key'), context);
    if (wanted !== 'ON' && wanted !== 'OFF') throw malformedXml();
    const row = lockable(world, call, bucket, input);
    putVersion(world, { ...row, legalHold: wanted }, null);
    return {};
  },

  GetObjectLegalHold(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:GetObjectLegalHold', bucket, textOf(input, 'Key'));
    const { legalHold } = lockable(world, call, bucket, input);
    if (legalHold === null) throw noLock();
    return { Status: legalHold };
  },
});

function noLock() {
  return s3Error('NoSuchObjectLockConfiguration', 'The specified object does not have a ObjectLock configuration');
}

function lockable(world: S3World, call: Call, bucket: BucketRow, input: JsonObject): VersionRow {
  if (!bucket.lockEnabled) throw s3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  return namedVersion(world, call, bucket, input);
}

function putRetention(world: S3World, call: Call, input: JsonObject): JsonObject {
  const bucket = openBucket(world, call, input);
  const key = textOf(input, 'Key');
  const wanted = isObject(input.Retention) ? input.Retention : {};
  const [mode, until] = [optionalTextOf(wanted, 'Mode'), optionalTextOf(wanted, 'RetainUntilDate')];
  authorize(world, call, 's3:PutObjectRetention', bucket, key, lockContext(mode, until, call.nowMillis));
  const bypass = bypasses(world, call, bucket, key, input);
  if ((mode === null) !== (until === null)) throw malformedXml();
  const row = lockable(world, call, bucket, input);
  const next: Pick<Lock, 'mode' | 'retainUntilMillis'> =
    mode === null || until === null
      ? { mode: null, retainUntilMillis: null }
      : { mode: modeOf(mode), retainUntilMillis: futureOf(until, call.nowMillis) };
  assertNoWeaker(row, next, bypass, call.nowMillis);
  putVersion(world, { ...row, ...next }, null);
  return {};
}

/** "In compliance mode … its retention mode can't be changed, and its retention period can't be shortened." */
function assertNoWeaker(
  row: VersionRow,
  next: Pick<Lock, 'mode' | 'retainUntilMillis'>,
  bypass: boolean,
  nowMillis: number,
): void {
  if (!isRetained(row, nowMillis)) return;
  const longer = next.mode === row.mode && (next.retainUntilMillis ?? 0) >= (row.retainUntilMillis ?? 0);
  if (longer || (row.mode === 'GOVERNANCE' && bypass)) return;
  throw protectedByLock();
}
