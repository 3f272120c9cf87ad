import { type Digest, digestHex } from '../base/bytes.js';

/** Where records lie in the repository. The names are part of the format (docs/records.md). */

export const GENESIS_FOLDER = 'records/genesis';
export const CEREMONY_FOLDER = 'records/ceremony';
export const HEARTBEAT_FOLDER = 'records/heartbeats';

const REQUEST_ID = /^r-[a-z2-7]{10}$/;

export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}

export function requestFolder(requestId: string): string {
  return `records/${requestId}`;
}

export function recordPath(folder: string, fileDigest: Digest): string {
  return `${folder}/${digestHex(fileDigest)}.json`;
}

/** One fixed path, so that two executors cannot both have one (T59). */
export function intentPath(requestId: string): string {
  return `records/${requestId}/intent.json`;
}

export function receiptPath(requestId: string): string {
  return `records/${requestId}/receipt.json`;
}

export function planPath(version: number): string {
  return `plan/${version}.json`;
}

export function rosterPath(version: number): string {
  return `roster/${version}.json`;
}
