import { type JsonValue, parseJson } from '../base/canonical-json.js';
import {
  anyObject,
  boolean,
  integer,
  list,
  mapOf,
  nullable,
  object,
  oneOf,
  optional,
  type Reader,
  readFields,
  text,
  where,
} from '../base/fields.js';
import { instant } from '../base/readers.js';
import { isKeyArn } from '../key/key.js';
import type { KeyFile } from './paths.js';
import { formatText, parseText } from './text.js';

/** What a backup holds of one key in one Region, a file each. */

const word = (max: number) => text({ min: 0, max });
const pairs = mapOf(/^[\s\S]{0,8192}$/u, word(8192), 64);

const key = object({
  arn: where(isKeyArn, 'the ARN of a key'),
  description: word(8192),
  state: word(40),
  spec: word(40),
  usage: word(40),
  origin: word(40),
  createdAt: instant,
  deletionAt: nullable(instant),
  multiRegion: boolean,
});

const grant = object({
  id: word(128),
  name: nullable(word(256)),
  grantee: word(256),
  retiring: nullable(word(256)),
  operations: list(word(64), { max: 64 }),
  encryptionContextEquals: nullable(pairs),
  encryptionContextSubset: nullable(pairs),
  sourceArn: nullable(word(2048)),
  createdAt: instant,
});

const rotation = object({
  enabled: boolean,
  periodDays: nullable(integer(1, 36_500)),
  nextAt: nullable(instant),
  history: list(object({ type: oneOf(['AUTOMATIC', 'ON_DEMAND']), at: instant, keyMaterialId: nullable(word(64)) }), {
    max: 10_000,
  }),
});

const material = object({
  id: word(64),
  state: oneOf(['CURRENT', 'NON_CURRENT', 'PENDING_ROTATION', 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION']),
  importState: nullable(oneOf(['IMPORTED', 'PENDING_IMPORT'])),
  expiresAt: nullable(instant),
  description: nullable(word(256)),
});

/** The policy document itself: what it means is for policy/document to say, once somebody wants to use it. */
const policy: Reader<JsonValue> = anyObject;

const READERS = {
  key,
  policy,
  aliases: list(text({ max: 256 }), { max: 10_000 }),
  tags: mapOf(/^[\s\S]{1,128}$/u, word(256), 100),
  grants: list(grant, { max: 50_000 }),
  rotation,
  replicas: object({ primary: word(32), replicas: list(word(32), { max: 64 }) }),
  'public-key': object({ publicKey: text({ max: 4096 }), signingAlgorithms: optional(list(word(64), { max: 20 })) }),
  materials: list(material, { max: 10_000 }),
} satisfies { readonly [Name in KeyFile]: Reader<unknown> };

/** Every part that could be read, or that a key of this kind has. */
export type Snapshot = { readonly [Name in KeyFile]?: (typeof READERS)[Name] extends Reader<infer T> ? T : never };

/** The bytes of one file. */
export function formatPart(part: NonNullable<Snapshot[KeyFile]>): Uint8Array {
  return formatText(part as JsonValue);
}

/** @throws CustodyError RECORD_MALFORMED */
export function parsePart<Name extends KeyFile>(
  name: Name,
  bytes: Uint8Array,
  what: string,
): NonNullable<Snapshot[Name]> {
  const read = READERS[name] as Reader<NonNullable<Snapshot[Name]>>;
  return readFields(read, parseText(bytes, what), what, 'RECORD_MALFORMED');
}

/** Names of roles with IAM's unique ids: a role that was deleted and made again has another one, and is somebody else. */
export interface Principal {
  /** `arn:aws:iam::…:role/NAME`. */
  readonly arn: string;
  /** `AROA…`; null for a role that is not there. */
  readonly uniqueId: string | null;
}

const principals: Reader<readonly Principal[]> = list(
  object({
    arn: text({ max: 700 }),
    uniqueId: nullable(text({ max: 128, pattern: /^A[A-Z0-9]{3,127}$/, expected: 'a unique id of IAM' })),
  }),
  { max: 50_000 },
);

export function formatPrincipals(found: readonly Principal[]): Uint8Array {
  const sorted = [...found].sort((a, b) => (a.arn < b.arn ? -1 : 1));
  return formatText(sorted.map(({ arn, uniqueId }) => ({ arn, uniqueId })));
}

/** @throws CustodyError RECORD_MALFORMED */
export function parsePrincipals(bytes: Uint8Array, what: string): readonly Principal[] {
  return readFields(principals, parseText(bytes, what), what, 'RECORD_MALFORMED');
}

const ROLE = /^arn:(?:aws|aws-cn|aws-us-gov):iam::(\d{12}):role\/[\w+=,.@/-]{1,600}$/;

/** Roles of the account that a policy or the grants name, wherever they stand in it: a condition can name one too. */
export function rolesIn(value: JsonValue, account: string): ReadonlySet<string> {
  const found = new Set<string>();
  const look = (item: JsonValue): void => {
    if (typeof item === 'string') {
      if (ROLE.exec(item)?.[1] === account) found.add(item);
    } else if (Array.isArray(item)) for (const one of item) look(one);
    else if (typeof item === 'object' && item !== null) for (const one of Object.values(item)) look(one as JsonValue);
  };
  look(value);
  return found;
}

/** What KMS gave as policy, as a value. @throws CustodyError POLICY_MALFORMED when it is no JSON object */
export function policyValue(source: string): JsonValue {
  const value = parseJson(Buffer.from(source, 'utf8'), 'the key policy', undefined, 'POLICY_MALFORMED');
  return readFields(policy, value, 'the key policy', 'POLICY_MALFORMED');
}
