import type { ActionClass } from '../base/action-class.js';
import type { Digest } from '../base/bytes.js';
import { formatCanonical, type JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { anyObject, boolean, integer, list, nullable, object, type Reader, readFields, text } from '../base/fields.js';
import type { ActionName } from './action-names.js';
import { digestOfJson, type KeyRef, type RequestPredicate, type SignedCall } from './statement.js';

export type Risk = 'low' | 'medium' | 'high' | 'critical';

/** One line of what will change, for people. */
export interface Change {
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

/** What an action is about: enough to derive its calls. */
export interface ActionSubject {
  readonly repository: string;
  readonly region: string;
  readonly key: KeyRef | null;
  readonly nonce: string;
}

interface ActionSpec<P> {
  readonly class: ActionClass;
  readonly risk: Risk;
  readonly parameters: Reader<P>;
  /** The fixed, ordered calls: derived from the parameters, never composed by a requester (T6). */
  readonly calls: (subject: ActionSubject, parameters: P) => readonly SignedCall[];
  readonly sentence: (keyName: string, parameters: P) => string;
  readonly changes: (preState: JsonObject, parameters: P) => readonly Change[];
}

/** A row as its users see it: parameters come as JSON and are read by the row itself. */
interface ActionRow {
  readonly class: ActionClass;
  readonly risk: Risk;
  readonly calls: (subject: ActionSubject, parameters: JsonObject) => readonly SignedCall[];
  readonly sentence: (keyName: string, parameters: JsonObject) => string;
  readonly changes: (preState: JsonObject, parameters: JsonObject) => readonly Change[];
}

function row<P>(spec: ActionSpec<P>): ActionRow {
  const read = (parameters: JsonObject) => readFields(spec.parameters, parameters, 'parameters', 'RECORD_MALFORMED');
  return {
    class: spec.class,
    risk: spec.risk,
    calls: (subject, parameters) => spec.calls(subject, read(parameters)),
    sentence: (keyName, parameters) => spec.sentence(keyName, read(parameters)),
    changes: (preState, parameters) => spec.changes(preState, read(parameters)),
  };
}

/** Stands for the id of the key that CreateKey answers with; no key id of AWS begins with a dollar sign. */
export const CREATED_KEY = '$key';
/** The tag by which a crashed `key.create` finds the key that it made. */
export const REQUEST_TAG = 'custody:request';
/** The tag that binds a key to one custody repository (T61). */
export const REPOSITORY_TAG = 'custody:repository';

const tags = list(object({ TagKey: text({ max: 128 }), TagValue: text({ min: 0, max: 256 }) }), { max: 40 });
const policyText = text({ max: 32_768 });

const createParameters = object({
  description: text({ min: 0, max: 1000 }),
  origin: text({ max: 20 }),
  multiRegion: boolean,
  policy: policyText,
  tags,
  rotationPeriodDays: nullable(integer(90, 2560)),
  replicas: list(object({ region: text({ max: 32 }), policy: policyText }), { max: 8 }),
});

type CreateParameters = typeof createParameters extends Reader<infer T> ? T : never;

const create = row<CreateParameters>({
  class: 'create',
  risk: 'medium',
  parameters: createParameters,
  calls: createCalls,
  sentence: (name, p) =>
    `Create the key ${name}${p.multiRegion ? ' as a multi-Region key' : ''}` +
    `${p.replicas.length > 0 ? ` with replicas in ${p.replicas.map(({ region }) => region).join(', ')}` : ''}` +
    `${p.rotationPeriodDays === null ? '' : `, rotated every ${p.rotationPeriodDays} days`}.`,
  changes: (_, p) => [
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
  ],
});

const rotate = row({
  class: 'rotate',
  risk: 'low',
  parameters: object({}),
  calls: (subject) => [kms(subject, 'RotateKeyOnDemand', { KeyId: arnOf(subject) })],
  sentence: (name) => `Rotate the key ${name} now: new material encrypts, old material still decrypts.`,
  changes: (before) => [
    { what: 'current key material', from: materialOf(before), to: 'new material' },
    {
      what: 'rotations so far',
      from: String(before['rotationCount']),
      to: String(Number(before['rotationCount']) + 1),
    },
  ],
});

const rotation = row<{ readonly periodDays: number }>({
  class: 'rotation',
  risk: 'low',
  parameters: object({ periodDays: integer(90, 2560) }),
  calls: (subject, { periodDays }) => [
    kms(subject, 'EnableKeyRotation', { KeyId: arnOf(subject), RotationPeriodInDays: periodDays }),
  ],
  sentence: (name, { periodDays }) => `Rotate the key ${name} automatically every ${periodDays} days.`,
  changes: (before, { periodDays }) => [
    {
      what: 'automatic rotation',
      from: before['enabled'] === true ? `every ${before['periodDays']} days` : 'off',
      to: `every ${periodDays} days`,
    },
  ],
});

/** A document that takes force: its number, its digest and all of it. */
interface DocumentParameters {
  readonly version: number;
  readonly digest: Digest;
  readonly document: JsonObject;
}

const documentParameters = object({
  version: integer(2, 1_000_000),
  digest: text({
    max: 71,
    pattern: /^sha256:[0-9a-f]{64}$/,
    expected: 'sha256: and 64 hex characters',
  }) as Reader<Digest>,
  document: anyObject,
});

function documentRow(noun: 'plan' | 'roster', operation: string): ActionRow {
  return row<DocumentParameters>({
    class: noun,
    risk: 'critical',
    parameters: documentParameters,
    calls: (_, { version, digest }) => [{ service: 'custody', region: '', operation, parameters: { version, digest } }],
    sentence: (_, { version }) => `Put ${noun} ${version} in force.`,
    changes: (before, { version, digest }) => [
      { what: `${noun} in force`, from: `${before['version']} ${before['digest']}`, to: `${version} ${digest}` },
    ],
  });
}

/** THE table of what a quorum can authorise. Every mutating call that custody makes belongs to one row (T49). */
const ACTIONS: Readonly<Record<ActionName, ActionRow>> = {
  'key.create': create,
  'key.rotate': rotate,
  'key.rotation': rotation,
  'plan.update': documentRow('plan', 'UpdatePlan'),
  'roster.update': documentRow('roster', 'UpdateRoster'),
};

export function classOf(action: ActionName): ActionClass {
  return ACTIONS[action].class;
}

export function riskOf(action: ActionName): Risk {
  return ACTIONS[action].risk;
}

/** @throws CustodyError RECORD_MALFORMED when the parameters are not those of the action */
export function callsOf(action: ActionName, subject: ActionSubject, parameters: JsonObject): readonly SignedCall[] {
  return ACTIONS[action].calls(subject, parameters);
}

/** In one plain sentence, what the request will do. Built from parameters only, never from free text (T7). */
export function sentenceOf(request: RequestPredicate): string {
  return ACTIONS[request.action].sentence(request.key?.name ?? '', request.parameters);
}

export function changesOf(request: RequestPredicate): readonly Change[] {
  return ACTIONS[request.action].changes(request.preState, request.parameters);
}

/**
 * Checks that class and calls are the ones that the table gives for action, key and parameters.
 * @throws CustodyError RECORD_MALFORMED
 */
export function assertByTable(request: RequestPredicate): void {
  const expected = callsOf(request.action, request, request.parameters);
  if (
    request.class !== classOf(request.action) ||
    formatCanonical(request.calls) !== formatCanonical(expected as never)
  ) {
    throw new CustodyError('RECORD_MALFORMED', `the calls of the request are not those of ${request.action}`);
  }
}

function createCalls(subject: ActionSubject, p: CreateParameters): readonly SignedCall[] {
  const alias = subject.key?.alias ?? '';
  const own = [
    ...p.tags,
    { TagKey: REPOSITORY_TAG, TagValue: subject.repository },
    { TagKey: REQUEST_TAG, TagValue: subject.nonce },
  ];
  const shared = { Description: p.description, Tags: own };
  return [
    kms(subject, 'CreateKey', {
      ...shared,
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyUsage: 'ENCRYPT_DECRYPT',
      MultiRegion: p.multiRegion,
      Origin: p.origin,
      Policy: p.policy,
    }),
    kms(subject, 'CreateAlias', { AliasName: alias, TargetKeyId: CREATED_KEY }),
    ...(p.rotationPeriodDays === null
      ? []
      : [kms(subject, 'EnableKeyRotation', { KeyId: CREATED_KEY, RotationPeriodInDays: p.rotationPeriodDays })]),
    // A replica without a policy of its own would get the default one: a way around any quorum.
    ...p.replicas.map(({ region, policy }) =>
      kms(subject, 'ReplicateKey', { ...shared, KeyId: CREATED_KEY, ReplicaRegion: region, Policy: policy }),
    ),
    ...p.replicas.map(({ region }) =>
      kms({ ...subject, region }, 'CreateAlias', { AliasName: alias, TargetKeyId: CREATED_KEY }),
    ),
  ];
}

function kms(subject: { readonly region: string }, operation: string, parameters: JsonObject): SignedCall {
  return { service: 'kms', region: subject.region, operation, parameters };
}

function arnOf({ key }: ActionSubject): string {
  if (key?.arn) return key.arn;
  throw new CustodyError('RECORD_MALFORMED', 'the request names no key');
}

function materialOf(before: JsonObject): string {
  const last = before['lastRotation'] as JsonObject | null | undefined;
  return last ? `since ${last['at']}` : 'since creation';
}
