import type { JsonObject } from '../../base/canonical-json.js';
import { invalid, optionalInteger, optionalText } from '../params.js';

const BY_DEFAULT = 100;
const MOST = 1000;

export interface Page<T> {
  readonly items: readonly T[];
  /** `IsTruncated` and, where there is more, `Marker`. */
  readonly tail: JsonObject;
}

/** One page of what an IAM list operation has (`MaxItems`, `Marker`). @throws ServiceError ValidationError */
export function pageOf<T>(input: JsonObject, all: readonly T[]): Page<T> {
  const limit = optionalInteger(input, 'MaxItems', 1, MOST) ?? BY_DEFAULT;
  const from = readMarker(optionalText(input, 'Marker', { max: 320 }));
  const items = all.slice(from, from + limit);
  const next = from + items.length;
  const more = next < all.length;
  return { items, tail: { IsTruncated: more, ...(more ? { Marker: formatMarker(next) } : {}) } };
}

function formatMarker(from: number): string {
  return Buffer.from(`from:${from}`).toString('base64url');
}

function readMarker(marker: string | null): number {
  if (marker === null) return 0;
  const from = /^from:(\d{1,9})$/.exec(Buffer.from(marker, 'base64url').toString('latin1'))?.[1];
  if (from === undefined) throw invalid('Marker', 'Invalid Marker.');
  return Number(from);
}
