import { boolean, integer, list, nullable, object, type Reader, text } from '../base/fields.js';
import { type ActionSubject, type Change, kms, row } from './action-row.js';
import { digestOfJson, type SignedCall } from './statement.js';

/** Stands for the id of the key that CreateKey answers with; no key id of AWS begins with a dollar sign. */
export const CREATED_KEY = '$key';
/** The tag by which a crashed `key.create` finds the key that it made. */
export const REQUEST_TAG = 'custody:request';
/** The tag that binds a key to one custody repository (T61). */
export const REPOSITORY_TAG = 'custody:repository';

export const tags = list(object({ TagKey: text({ max: 128 }), TagValue: text({ min: 0, max: 256 }) }), { max: 40 });
export const policyText = text({ max: 32_768 });

/** What every new key is made of, whatever names it gets. */
export const KEY_PARAMETERS = {
  description: text({ min: 0, max: 1000 }),
  origin: text({ max: 20 }),
  multiRegion: boolean,
  policy: policyText,
  tags,
  rotationPeriodDays: nullable(integer(90, 2560)),
  replicas: list(object({ region: text({ max: 32 }), policy: policyText }), { max: 8 }),
};

const createParameters = object(KEY_PARAMETERS);

export type CreateParameters = typeof createParameters extends Reader<infer T> ? T : never;

/** The row of `key.create`. */
export const create = row<CreateParameters>({
  class: 'create',
  risk: 'medium',
  parameters: createParameters,
  calls: createCalls,
  sentence: (name, p) =>
    `Create the key ${name}${p.multiRegion ? ' as a multi-Region key' : ''}` +
    `${p.replicas.length > 0 ? ` with replicas in ${p.replicas.map(({ region }) => region).join(', ')}` : ''}` +
    `${p.rotationPeriodDays === null ? '' : `, rotated every ${p.rotationPeriodDays} days`}` +
    `${p.origin === 'EXTERNAL' ? '; it waits for its material, which custody keys import brings' : ''}.`,
  changes: (_, p) => newKeyChanges(p),
});

/** What there is afterwards that was not there before. */
export function newKeyChanges(p: CreateParameters): readonly Change[] {
  return [
    { what: 'key', from: 'none', to: `${p.origin}, SYMMETRIC_DEFAULT${p.multiRegion ? ', multi-Region' : ''}` },
    { what: 'key policy', from: 'none', to: digestOfJson(p.policy) },
    ...p.replicas.map(({ region, policy }) => ({
      what: `replica in ${region}`,
      from: 'none',
      to: `policy ${digestOfJson(policy)}`,
    })),
    {
      what: 'automatic rotation',
      from: 'none',
      to: p.rotationPeriodDays === null ? 'off' : `${p.rotationPeriodDays} days`,
    },
  ];
}

type Tags = typeof tags extends Reader<infer T> ? T : never;

/** The tags of a new key or replica: the plan's, and the two by which custody knows it again. */
export function ownTags({ repository, nonce }: ActionSubject, planned: Tags): Tags {
  return [...planned, { TagKey: REPOSITORY_TAG, TagValue: repository }, { TagKey: REQUEST_TAG, TagValue: nonce }];
}

function createCalls(subject: ActionSubject, p: CreateParameters): readonly SignedCall[] {
  const alias = subject.key?.alias ?? '';
  const [create, ...others] = newKeyCalls(subject, p, {});
  const name = (region: string) => kms({ region }, 'CreateAlias', { AliasName: alias, TargetKeyId: CREATED_KEY });
  return [
    ...(create ? [create] : []),
    name(subject.region),
    ...others,
    ...p.replicas.map(({ region }) => name(region)),
  ];
}

/**
 * CreateKey first, then rotation and replicas.
 * @param marks further tags of the key and its replicas
 */
export function newKeyCalls(
  subject: ActionSubject,
  p: CreateParameters,
  marks: Readonly<Record<string, string>>,
): readonly SignedCall[] {
  const marked = Object.entries(marks).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
  const shared = { Description: p.description, Tags: ownTags(subject, [...p.tags, ...marked]) };
  return [
    kms(subject, 'CreateKey', {
      ...shared,
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyUsage: 'ENCRYPT_DECRYPT',
      MultiRegion: p.multiRegion,
      Origin: p.origin,
      Policy: p.policy,
    }),
    ...(p.rotationPeriodDays === null
      ? []
      : [kms(subject, 'EnableKeyRotation', { KeyId: CREATED_KEY, RotationPeriodInDays: p.rotationPeriodDays })]),
    // A replica without a policy of its own would get the default one: a way around any quorum.
    ...p.replicas.map(({ region, policy }) =>
      kms(subject, 'ReplicateKey', { ...shared, KeyId: CREATED_KEY, ReplicaRegion: region, Policy: policy }),
    ),
  ];
}
