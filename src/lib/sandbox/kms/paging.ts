import type { JsonObject } from '../../base/canonical-json.js';
import { ServiceError } from '../service.js';
import { validation } from './errors.js';
import { optionalNumber, optionalText } from './input.js';

/** How many items a page has when the caller does not say, and the most that he may ask for. */
export interface PageSize {
  readonly byDefault: number;
  readonly most: number;
}

/** One page of `items` in the order of their ids, which must be unique; `member` names the list in the answer. */
export function page<T>(
  input: JsonObject,
  member: string,
  size: PageSize,
  items: readonly T[],
  idOf: (item: T) => string,
  show: (item: T) => JsonObject | string,
): JsonObject {
  const limit = optionalNumber(input, 'Limit') ?? size.byDefault;
  if (limit > size.most) {
    throw validation(
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${size.most}`,
    );
  }
  const after = afterMarker(optionalText(input, 'Marker'));
  const left = items.map((item) => ({ id: idOf(item), item })).filter(({ id }) => after === null || id > after);
  left.sort((a, b) => (a.id < b.id ? -1 : 1));
  const shown = left.slice(0, limit);
  const last = shown.at(-1);
  const truncated = left.length > shown.length && last !== undefined;
  return {
    [member]: shown.map(({ item }) => show(item)),
    Truncated: truncated,
    ...(truncated && { NextMarker: Buffer.from(`after:${last.id}`).toString('base64url') }),
  };
}

function afterMarker(marker: string | null): string | null {
  if (marker === null) return null;
  const plain = Buffer.from(marker, 'base64url').toString('utf8');
  if (!plain.startsWith('after:')) throw new ServiceError('InvalidMarkerException', 'Invalid marker');
  return plain.slice('after:'.length);
}
