import type { JsonObject } from '../../base/canonical-json.js';
import { requiredText } from '../params.js';
import type { Call } from '../service.js';
import { ROLE_NAME, type Role, type RoleTable } from './role.js';

type Context = Readonly<Record<string, string | readonly string[]>>;

export function roleNameOf(input: JsonObject): string {
  return requiredText(input, 'RoleName', { max: 64, pattern: ROLE_NAME });
}

/**
 * The role that the request names, once `action` on it is authorised. A stranger learns whether he may before he
 * learns whether it exists: an absent role is authorised by the ARN that it would have.
 * @throws ServiceError ValidationError, AccessDenied, NoSuchEntity
 */
export function authorizedRole(
  roles: RoleTable,
  action: string,
  input: JsonObject,
  call: Call,
  context: Context = {},
): Role {
  const name = roleNameOf(input);
  const role = roles.find(name);
  const resource = role?.arn ?? `arn:aws:iam::${call.caller.account}:role/${name}`;
  const tags = (role?.tags ?? []).flatMap(({ key, value }) => [
    [`aws:ResourceTag/${key}`, value] as const,
    [`iam:ResourceTag/${key}`, value] as const,
  ]);
  call.authorize({ action, resource, context: { ...Object.fromEntries(tags), ...context } });
  return roles.get(name);
}
