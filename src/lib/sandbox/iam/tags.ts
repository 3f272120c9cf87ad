import type { JsonObject } from '../../base/canonical-json.js';
import { invalid, objectList, requiredText } from '../params.js';
import { ServiceError } from '../service.js';
import type { Tag } from './role.js';

/** "Rules for tagging in IAM and AWS STS": 50 tags, keys unique without regard to case, no `aws:` prefix. */

export const MAX_TAGS = 50;
const TAG_KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

export const TAG_KEY_RULE = { max: 128, pattern: TAG_KEY };

/** Reads `Tags`; @throws ServiceError ValidationError, InvalidInput for the grammar and for keys given twice. */
export function readTags(input: JsonObject): readonly Tag[] {
  const tags = objectList(input, 'Tags', MAX_TAGS).map((item) => {
    const key = requiredText(item, 'Key', TAG_KEY_RULE);
    if (/^aws:/i.test(key)) throw invalid('tags', 'Tag keys must not begin with aws:');
    return { key, value: requiredText({ Value: '', ...item }, 'Value', { min: 0, max: 256, pattern: TAG_VALUE }) };
  });
  if (new Set(tags.map((tag) => tag.key.toLowerCase())).size !== tags.length) {
    throw new ServiceError('InvalidInput', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  }
  return tags;
}

/** `current` with `changed` put over it; a key keeps one entry whatever its case. */
export function mergeTags(current: readonly Tag[], changed: readonly Tag[]): readonly Tag[] {
  const keys = new Set(changed.map((tag) => tag.key.toLowerCase()));
  const merged = [...current.filter((tag) => !keys.has(tag.key.toLowerCase())), ...changed];
  if (merged.length > MAX_TAGS)
    throw new ServiceError('LimitExceeded', `The number of tags has reached the maximum limit of ${MAX_TAGS}.`, 409);
  return merged;
}

/** Condition keys that a request which brings tags has. */
export function requestTagContext(tags: readonly Tag[]): Record<string, string | readonly string[]> {
  const context: Record<string, string | readonly string[]> = {};
  for (const tag of tags) context[`aws:RequestTag/${tag.key}`] = tag.value;
  if (tags.length > 0) context['aws:TagKeys'] = tags.map((tag) => tag.key);
  return context;
}

export function formatTags(tags: readonly Tag[]): readonly JsonObject[] {
  return tags.map((tag) => ({ Key: tag.key, Value: tag.value }));
}

export function tagRecord(tags: readonly Tag[]): Record<string, string> {
  return Object.fromEntries(tags.map((tag) => [tag.key, tag.value]));
}
