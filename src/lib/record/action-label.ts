import type { JsonObject } from '../base/canonical-json.js';
import { isObject, list, object, text, where } from '../base/fields.js';
import { type ActionRow, arnOf, kms, row } from './action-row.js';

/**
 * Names of keys and what stands beside them: aliases, tags, the description. None lets anyone use a key, but whoever moves an
 * alias moves what applications encrypt with (T49), and the tag of the repository decides whose key it is (T61).
 */

/** `alias/aws/` belongs to AWS (KMS API Reference, CreateAlias, "AliasName"). */
const ALIAS = /^alias\/(?!aws\/)[A-Za-z0-9/_-]{1,250}$/;
const alias = text({ max: 256, pattern: ALIAS, expected: 'alias/ and letters, digits or / _ -, not under alias/aws/' });
const KEY_ARN = /^arn:[a-z-]{3,16}:kms:[a-z0-9-]{1,32}:\d{12}:key\/[0-9a-z-]{1,64}$/;

/** Tags of custody itself and of AWS, in any case of letters: this tool never lets anyone set or take them off (T57, T61). */
const RESERVED_TAG = /^(?:aws|custody):/i;
/** KMS API Reference, Tag; KMS Developer Guide, "Tags in AWS KMS". */
const TAG_TEXT = /^[\p{L}\p{N} _.:/=+\-@]*$/u;

const tagKey = where(
  (value): value is string =>
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= 128 &&
    TAG_TEXT.test(value) &&
    !RESERVED_TAG.test(value),
  'a tag key of 1 to 128 letters, digits, spaces or _.:/=+-@, not under aws: or custody:',
);
const tagValue = text({ min: 0, max: 256, pattern: TAG_TEXT, expected: 'a tag value of letters, digits, _.:/=+-@' });
const tagList = list(object({ TagKey: tagKey, TagValue: tagValue }), { min: 1, max: 40 });
const tagKeys = list(tagKey, { min: 1, max: 40 });

/** KMS API Reference, UpdateKeyDescription. */
const description = text({ min: 0, max: 8192 });

const aliasCreate = row<{ readonly alias: string }>({
  class: 'alias',
  risk: 'medium',
  parameters: object({ alias }),
  calls: (subject, p) => [kms(subject, 'CreateAlias', { AliasName: p.alias, TargetKeyId: arnOf(subject) })],
  sentence: (name, p) => `Give the key ${name} the further name ${p.alias}.`,
  changes: (before, p) => [{ what: p.alias, from: standsFor(before.target), to: standsFor(idIn(before.arn)) }],
  undo: (name, _, p) => `custody keys alias ${name} --delete ${bare(p.alias)}`,
});

const aliasMove = row<{ readonly alias: string; readonly to: string }>({
  class: 'alias',
  risk: 'critical',
  parameters: object({ alias, to: text({ max: 200, pattern: KEY_ARN, expected: 'the ARN of a key' }) }),
  calls: (subject, p) => [kms(subject, 'UpdateAlias', { AliasName: p.alias, TargetKeyId: p.to })],
  sentence: (name, p) =>
    `Take the name ${p.alias} from the key ${name} and give it to ${p.to}: whoever encrypts by that name uses the other key from then on.`,
  changes: (before, p) => [{ what: p.alias, from: standsFor(before.target), to: `stands for ${p.to}` }],
  undo: (_, before, p) => `custody keys alias ${idIn(p.to)} --move-to ${idIn(before.arn)} --name ${bare(p.alias)}`,
});

const aliasDelete = row<{ readonly alias: string }>({
  class: 'alias',
  risk: 'high',
  parameters: object({ alias }),
  calls: (subject, p) => [kms(subject, 'DeleteAlias', { AliasName: p.alias })],
  sentence: (name, p) => `Delete the name ${p.alias} of the key ${name}: whoever uses the key by that name fails.`,
  changes: (before, p) => [{ what: p.alias, from: standsFor(before.target), to: 'no such alias' }],
  undo: (name, _, p) => `custody keys alias ${name} --create ${bare(p.alias)}`,
});

interface TagParameters {
  readonly tags: readonly { readonly TagKey: string; readonly TagValue: string }[];
}

const tag = row<TagParameters>({
  class: 'label',
  risk: 'low',
  parameters: object({ tags: tagList }),
  calls: (subject, p) => [
    kms(subject, 'TagResource', { KeyId: arnOf(subject), Tags: p.tags.map((item) => ({ ...item })) }),
  ],
  sentence: (name, p) =>
    `Tag the key ${name}: ${p.tags.map(({ TagKey, TagValue }) => `${TagKey}=${TagValue}`).join(', ')}.`,
  changes: (before, p) =>
    p.tags.map(({ TagKey, TagValue }) => ({ what: `tag ${TagKey}`, from: valueIn(before, TagKey), to: TagValue })),
  undo: (name, before, p) =>
    backTo(
      name,
      before,
      p.tags.map(({ TagKey }) => TagKey),
    ),
});

const untag = row<{ readonly tagKeys: readonly string[] }>({
  class: 'label',
  risk: 'low',
  parameters: object({ tagKeys }),
  calls: (subject, p) => [kms(subject, 'UntagResource', { KeyId: arnOf(subject), TagKeys: [...p.tagKeys] })],
  sentence: (name, p) => `Take these tags off the key ${name}: ${p.tagKeys.join(', ')}.`,
  changes: (before, p) =>
    p.tagKeys.map((key) => ({ what: `tag ${key}`, from: valueIn(before, key), to: 'no such tag' })),
  undo: (name, before, p) => backTo(name, before, p.tagKeys),
});

const describe = row<{ readonly description: string }>({
  class: 'label',
  risk: 'low',
  parameters: object({ description }),
  calls: (subject, p) => [kms(subject, 'UpdateKeyDescription', { KeyId: arnOf(subject), Description: p.description })],
  sentence: (name) => `Describe the key ${name} in other words.`,
  changes: (before, p) => [{ what: 'description', from: String(before.description ?? ''), to: p.description }],
  undo: (name, before) => `custody keys describe ${name} ${JSON.stringify(before.description ?? '')}`,
});

/** The rows of this file. */
export const LABEL_ACTIONS = {
  'key.alias-create': aliasCreate,
  'key.alias-move': aliasMove,
  'key.alias-delete': aliasDelete,
  'key.tag': tag,
  'key.untag': untag,
  'key.describe': describe,
} as const satisfies Readonly<Record<string, ActionRow>>;

function standsFor(keyId: JsonObject[string] | undefined): string {
  return typeof keyId === 'string' ? `stands for ${keyId}` : 'no such alias';
}

/** The id at the end of a key's ARN. */
function idIn(arn: JsonObject[string] | undefined): string | null {
  return typeof arn === 'string' ? (arn.split('/').at(-1) ?? null) : null;
}

function bare(name: string): string {
  return name.slice('alias/'.length);
}

/** A tag's value in the signed state. */
function valueIn({ tags }: JsonObject, key: string): string {
  const value = isObject(tags) && Object.hasOwn(tags, key) ? tags[key] : null;
  return typeof value === 'string' ? value : 'no such tag';
}

/** What restores some tags; one command where they were all there or all missing. */
function backTo(name: string, before: JsonObject, keys: readonly string[]): string {
  const values = isObject(before.tags) ? before.tags : {};
  const had = keys.filter((key) => typeof values[key] === 'string');
  const lacked = keys.filter((key) => !had.includes(key));
  return [
    ...(had.length > 0
      ? [`custody keys tag ${name} ${had.map((key) => JSON.stringify(`${key}=${values[key]}`)).join(' ')}`]
      : []),
    ...(lacked.length > 0
      ? [`custody keys tag ${name} ${lacked.map((key) => `--remove ${JSON.stringify(key)}`).join(' ')}`]
      : []),
  ].join(', then ');
}
