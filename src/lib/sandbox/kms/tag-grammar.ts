import type { JsonObject, JsonValue } from '../../base/canonical-json.js';
import { ServiceError } from '../service.js';
import { limitExceeded } from './errors.js';
import { isObject, text } from './input.js';

const MOST_TAGS = 50;
/** Letters, digits, space and `_ . : / = + - @` in any script (AWS General Reference, "Tagging AWS resources"). */
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export type Tags = Readonly<Record<string, string>>;

/** @throws ServiceError TagException for tags that KMS does not take. */
export function readTags(list: JsonValue | undefined): Tags {
  const tags: Record<string, string> = Object.create(null);
  for (const item of Array.isArray(list) ? list : []) {
    if (!isObject(item)) continue;
    const key = text(item as JsonObject, 'TagKey');
    const value = text(item as JsonObject, 'TagValue');
    if (!CHARACTERS.test(key) || !CHARACTERS.test(value)) throw tagError('Tags contain characters that are not valid.');
    assertOwnKey(key);
    if (key in tags) throw tagError('Duplicate tag keys');
    tags[key] = value;
  }
  return { ...tags };
}

/** `aws:` is AWS's own, in any case of letters. */
export function assertOwnKey(key: string): void {
  if (/^aws:/i.test(key)) throw tagError('aws: prefixed tag key names are not allowed for external use.');
}

export function assertCount(tags: Tags): void {
  if (Object.keys(tags).length > MOST_TAGS) throw limitExceeded(`A KMS key can have at most ${MOST_TAGS} tags.`);
}

export function showTags(tags: Tags): readonly JsonObject[] {
  return Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
}

function tagError(message: string): ServiceError {
  return new ServiceError('TagException', message);
}
