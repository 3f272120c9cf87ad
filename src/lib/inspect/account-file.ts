import { formatCanonical, type JsonValue, parseJson } from '../base/canonical-json.js';
import { findDuplicateName } from '../base/duplicates.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { parsePolicy } from '../policy/document.js';
import type { AccountPrincipal, NamedPolicy } from '../policy/proof/subject.js';

const LIMITS = { maxBytes: 64 * 1024 * 1024, maxDepth: 64 };
export const MAX_ACCOUNT_BYTES = LIMITS.maxBytes;

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads what `aws iam get-account-authorization-details` prints: every role and user with all that their policies say.
 * @throws CustodyError POLICY_MALFORMED for anything else, USAGE for one page of several
 */
export function readAccountFile(bytes: Uint8Array, file: string): readonly AccountPrincipal[] {
  const value: unknown = parseJson(bytes, file, LIMITS, 'POLICY_MALFORMED');
  // Two readers could take two values for one name.
  const twice = findDuplicateName(Buffer.from(bytes).toString('utf8'));
  if (twice !== null) throw malformed(file, `${twice} once`);
  const details = row(value, file);
  if (details.IsTruncated === true) {
    throw new CustodyError('USAGE', `${file} is one page of several: someone could be missing`);
  }
  const managed = new Map(rows(details, 'Policies', file).map((one) => [text(one, 'Arn', file), one]));
  const groups = new Map(rows(details, 'GroupDetailList', file).map((one) => [text(one, 'GroupName', file), one]));
  const reading: Reading = { file, managed, groups };
  if (!Array.isArray(details.RoleDetailList)) throw malformed(file, 'RoleDetailList');
  return [
    ...rows(details, 'RoleDetailList', file).map((one) => principalOf(one, 'RolePolicyList', reading)),
    ...rows(details, 'UserDetailList', file).map((one) => principalOf(one, 'UserPolicyList', reading)),
  ];
}

interface Reading {
  readonly file: string;
  readonly managed: ReadonlyMap<string, Row>;
  readonly groups: ReadonlyMap<string, Row>;
}

function principalOf(one: Row, list: string, reading: Reading): AccountPrincipal {
  const { file, groups } = reading;
  const arn = text(one, 'Arn', file);
  const named = Array.isArray(one.GroupList) ? one.GroupList : [];
  const ofGroups = named.flatMap((name) => {
    const group = groups.get(String(name));
    if (group === undefined) throw malformed(file, `the group ${String(name)}`);
    return policiesOf(group, 'GroupPolicyList', reading);
  });
  const limit = one.PermissionsBoundary;
  return {
    arn,
    trust: list === 'RolePolicyList' ? document(one.AssumeRolePolicyDocument, `${file}: trust of ${arn}`) : null,
    identity: [...policiesOf(one, list, reading), ...ofGroups],
    boundary: isObject(limit) ? attached(text(limit, 'PermissionsBoundaryArn', file), reading).document : null,
  };
}

function policiesOf(one: Row, list: string, reading: Reading): readonly NamedPolicy[] {
  const inline = rows(one, list, reading.file).map((item) => {
    const name = text(item, 'PolicyName', reading.file);
    return { name, document: document(item.PolicyDocument, `${reading.file}: ${name}`) };
  });
  const managed = rows(one, 'AttachedManagedPolicies', reading.file);
  return [...inline, ...managed.map((item) => attached(text(item, 'PolicyArn', reading.file), reading))];
}

/** The default version counts; one that is not in the file would be taken for one that allows nothing. */
function attached(arn: string, { managed, file }: Reading): NamedPolicy {
  const found = managed.get(arn);
  const version = found && rows(found, 'PolicyVersionList', file).find((one) => one.IsDefaultVersion === true);
  if (!found || !version) throw malformed(file, `the policy ${arn}`);
  return { name: text(found, 'PolicyName', file), document: document(version.Document, `${file}: ${arn}`) };
}

/** The CLI prints documents as JSON, the API as URL-encoded text. */
function document(value: unknown, where: string) {
  if (typeof value === 'string') return parsePolicy(value.startsWith('%7B') ? decodeURIComponent(value) : value, where);
  if (!isObject(value)) throw malformed(where, 'a policy document');
  return parsePolicy(formatCanonical(value as JsonValue), where);
}

function row(value: unknown, file: string): Row {
  if (isObject(value)) return value;
  throw malformed(file, 'an object');
}

function rows(one: Row, name: string, file: string): readonly Row[] {
  const list = one[name];
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw malformed(file, name);
  return list.map((item: unknown) => row(item, file));
}

function text(one: Row, name: string, file: string): string {
  const value = one[name];
  if (typeof value === 'string' && value !== '') return value;
  throw malformed(file, name);
}

function malformed(file: string, expected: string): CustodyError {
  return new CustodyError(
    'POLICY_MALFORMED',
    `${file}: expected ${expected}, as get-account-authorization-details prints it`,
  );
}
