import { digestOf } from '../base/bytes.js';
import { type JsonObject, parseCanonical } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject, list, nullable, object, oneOf, type Reader, text, where } from '../base/fields.js';
import { GRANT_OPERATIONS, type GrantOperation } from '../base/grant-operations.js';
import { type ActionRow, type ActionSubject, arnOf, type Change, kms, row } from './action-row.js';

/** Who may do what with a key: its policy, and grants, which survive every policy and never expire (T49). */

/** KMS: a key has one policy, of this name. */
const POLICY_NAME = 'default';
const MAX_POLICY_CHARACTERS = 32_768;

/** Canonical, so that what was signed can be compared with what KMS gives back in a layout of its own. */
const policyText: Reader<string> = where(
  (value): value is string => typeof value === 'string' && value.length <= MAX_POLICY_CHARACTERS && isCanonical(value),
  `a key policy in canonical JSON (RFC 8785) of at most ${MAX_POLICY_CHARACTERS} characters`,
);

function isCanonical(source: string): boolean {
  try {
    return isObject(parseCanonical(Buffer.from(source, 'utf8'), 'key policy'));
  } catch (cause) {
    if (cause instanceof CustodyError) return false;
    throw cause;
  }
}

const policy = row<{ readonly policy: string }>({
  class: 'policy',
  risk: 'critical',
  parameters: object({ policy: policyText }),
  // Never with BypassPolicyLockoutSafetyCheck: KMS's own check stays on (T50).
  calls: (subject, p) => [
    kms(subject, 'PutKeyPolicy', { KeyId: arnOf(subject), PolicyName: POLICY_NAME, Policy: p.policy }),
  ],
  sentence: (name) => `Replace the whole key policy of ${name}: it alone says who may use and change the key.`,
  changes: (before, p) => [{ what: 'key policy', from: policyDigest(before.policy), to: digestOf(p.policy) }],
  undo: (name) => `custody keys policy ${name} --file with the policy that this request's preState holds`,
});

function policyDigest(before: JsonObject[string] | undefined): string {
  return typeof before === 'string' ? digestOf(before) : 'none';
}

/** A role or user, never a whole account: an account's administrators would choose who it is. */
const principal = text({
  max: 600,
  pattern: /^arn:aws[a-z-]{0,8}:iam::\d{12}:(?:role|user)\/[\w+=,.@/-]{1,512}$/,
  expected: 'the ARN of an IAM role or user',
});

const MAX_PAIRS = 8;
const pairs: Reader<Readonly<Record<string, string>>> = (value, path, faults) => {
  const faultsBefore = faults.length;
  const entries = isObject(value) ? Object.entries(value) : [];
  // KMS compares the names without regard to case: of two such names it could not tell which is meant.
  const names = new Set(entries.map(([name]) => name.toLowerCase()));
  const fits = ([name, item]: readonly [string, unknown]) =>
    name !== '' && name.length <= 128 && typeof item === 'string' && item !== '' && item.length <= 384;
  if (entries.length === 0 || entries.length > MAX_PAIRS || names.size !== entries.length || !entries.every(fits)) {
    faults.push({ path, expected: `1 to ${MAX_PAIRS} pairs of text`, found: `${entries.length} names` });
  }
  return faults.length > faultsBefore ? undefined : (value as Readonly<Record<string, string>>);
};

interface GrantParameters {
  readonly grantee: string;
  readonly operations: readonly GrantOperation[];
  /** `EncryptionContextEquals`: exactly these pairs; `EncryptionContextSubset`: these and any others. */
  readonly constraint: { readonly type: ConstraintType; readonly pairs: Readonly<Record<string, string>> } | null;
  readonly retiring: string | null;
}

const CONSTRAINT_TYPES = ['EncryptionContextEquals', 'EncryptionContextSubset'] as const;
export type ConstraintType = (typeof CONSTRAINT_TYPES)[number];

const operations: Reader<readonly GrantOperation[]> = (value, path, faults) => {
  const read = list(oneOf(GRANT_OPERATIONS), { min: 1, max: GRANT_OPERATIONS.length })(value, path, faults);
  const sorted = read === undefined ? true : [...new Set(read)].sort().join() === read.join();
  if (!sorted) faults.push({ path, expected: 'each operation once, sorted', found: 'another order' });
  return sorted ? read : undefined;
};

/** The parameters of `key.grant`. */
export const grantParameters: Reader<GrantParameters> = object({
  grantee: principal,
  operations,
  constraint: nullable(object({ type: oneOf(CONSTRAINT_TYPES), pairs })),
  retiring: nullable(principal),
});

const grant = row<GrantParameters>({
  class: 'grant',
  risk: 'high',
  parameters: grantParameters,
  calls: (subject, p) => [kms(subject, 'CreateGrant', grantCall(subject, p))],
  sentence: (name, p) =>
    `Let ${p.grantee} ${p.operations.join(', ')} with the key ${name}${contextWords(p)}, whatever the key policy says, until the grant is revoked or retired.`,
  changes: (before, p) => [
    { what: `grants of ${p.grantee}`, from: countOf(before.grants), to: `one more: ${p.operations.join(', ')}` },
    { what: 'encryption context', from: 'none asked for', to: contextText(p) },
    { what: 'may retire it', from: 'nobody', to: p.retiring ?? 'nobody but the executor' },
  ],
  undo: (name) => `custody keys revoke ${name} with the id of the grant (custody keys show ${name} lists it)`,
});

/** With a name that belongs to this request alone CreateGrant is idempotent (KMS API Reference, CreateGrant, "Name"). */
function grantCall(
  subject: ActionSubject,
  { grantee, operations: may, constraint, retiring }: GrantParameters,
): JsonObject {
  return {
    KeyId: arnOf(subject),
    Name: subject.nonce,
    GranteePrincipal: grantee,
    Operations: [...may],
    ...(constraint === null ? {} : { Constraints: { [constraint.type]: { ...constraint.pairs } } }),
    ...(retiring === null ? {} : { RetiringPrincipal: retiring }),
  };
}

function contextWords(p: GrantParameters): string {
  return p.constraint === null ? ' under any encryption context' : ` under the encryption context ${contextText(p)}`;
}

function contextText({ constraint }: GrantParameters): string {
  if (constraint === null) return 'any';
  const more = constraint.type === 'EncryptionContextSubset' ? ' and any other pairs' : '';
  return `${pairText(constraint.pairs)}${more}`;
}

function pairText(given: Readonly<Record<string, string>>): string {
  return Object.entries(given)
    .map(([name, value]) => `${JSON.stringify(name)}=${JSON.stringify(value)}`)
    .join(', ');
}

function countOf(grants: JsonObject[string] | undefined): string {
  return Array.isArray(grants) && grants.length > 0 ? `${grants.length} on this key` : 'none on this key';
}

const grantId = object({
  grantId: text({ max: 64, pattern: /^[0-9a-f]{64}$/, expected: 'a grant id of 64 hex characters' }),
});

function endRow(operation: 'RevokeGrant' | 'RetireGrant', verb: string): ActionRow {
  return row<{ readonly grantId: string }>({
    class: 'revoke',
    risk: 'medium',
    parameters: grantId,
    calls: (subject, p) => [kms(subject, operation, { KeyId: arnOf(subject), GrantId: p.grantId })],
    sentence: (name, p) => `${verb} the grant ${p.grantId} on the key ${name}: what it let someone do ends.`,
    changes: (before, p) => endChanges(before.grant, p.grantId),
    // A grant made again is another grant, with another id and another token.
  });
}

function endChanges(before: JsonObject[string] | undefined, id: string): readonly Change[] {
  if (!isObject(before)) return [{ what: `grant ${id}`, from: 'no such grant', to: 'no such grant' }];
  const { grantee, operations: may, name } = before;
  const from = `${String(grantee)} may ${Array.isArray(may) ? may.join(', ') : ''}${name ? `, name ${String(name)}` : ''}`;
  return [{ what: `grant ${id}`, from, to: 'no such grant' }];
}

/** The rows of this file. */
export const ACCESS_ACTIONS = {
  'key.policy': policy,
  'key.grant': grant,
  'key.revoke': endRow('RevokeGrant', 'Revoke'),
  'key.retire': endRow('RetireGrant', 'Retire'),
} as const satisfies Readonly<Record<string, ActionRow>>;
