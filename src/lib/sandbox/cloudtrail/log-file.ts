import { gzipSync } from 'node:zlib';
import { sha256, sha256Hex } from '../../base/bytes.js';
import { wholeSeconds } from './identity.js';
import type { EventRow } from './trail.js';
import type { DeliveredLog, TrailRow } from './trail-row.js';

/** "CloudTrail typically delivers logs within an average of about 5 minutes of an API call". */
export const LOG_MILLIS = 300_000;

/** When the file with an event of that time is delivered: at the next full five minutes. */
export function deliveryOf(atMillis: number): number {
  return Math.floor(atMillis / LOG_MILLIS) * LOG_MILLIS + LOG_MILLIS;
}

/** The folder of a trail's files of one kind ("Getting and viewing your CloudTrail log files"). */
export function folderOf({ arn, prefix }: Pick<TrailRow, 'arn' | 'prefix'>, kind: string): string {
  return `${prefix === null ? '' : `${prefix}/`}AWSLogs/${arn.split(':')[4] ?? ''}/${kind}/`;
}

/** The key of a file. @param time `2015-08-17T15:01:31Z`, or to the minute */
export function fileKey(
  trail: Pick<TrailRow, 'arn' | 'prefix'>,
  region: string,
  kind: 'CloudTrail' | 'CloudTrail-Digest',
  time: string,
  before: string,
  after: string,
): string {
  const day = time.slice(0, 10).replaceAll('-', '/');
  const stamp = time.replace(/[-:]/g, '');
  const account = trail.arn.split(':')[4] ?? '';
  return `${folderOf(trail, kind)}${region}/${day}/${account}_${kind}_${region}_${before}${stamp}${after}.json.gz`;
}

export interface MadeLog {
  readonly bytes: Buffer;
  readonly log: DeliveredLog;
}

/** The log file of a Region's events, as it is delivered at that time. The same events make the same file. */
export function makeLog(trail: TrailRow, region: string, atMillis: number, rows: readonly EventRow[]): MadeLog {
  const unpacked = `{"Records":[${rows.map(({ text }) => text).join(',')}]}`;
  const minute = `${wholeSeconds(atMillis).slice(0, 16)}Z`;
  const times = rows.map((row) => row.atMillis);
  const key = fileKey(trail, region, 'CloudTrail', minute, '', `_${uniqueName(`${trail.arn} ${rows[0]?.eventId}`)}`);
  return {
    bytes: gzipSync(unpacked),
    log: {
      key,
      hash: sha256Hex(unpacked),
      atMillis,
      oldestMillis: Math.min(...times),
      newestMillis: Math.max(...times),
    },
  };
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** "a 16-character alphanumeric string to prevent overwriting of files". */
function uniqueName(seed: string): string {
  return [...sha256(seed).subarray(0, 16)].map((byte) => LETTERS.charAt(byte % LETTERS.length)).join('');
}
