import type { JsonObject } from '../../base/canonical-json.js';
import { uriEncode } from '../wire/sigv4.js';
import type { Role } from './role.js';
import { formatTags } from './tags.js';

/** A role as IAM's answers show it. */
export function formatRole(role: Role): JsonObject {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: Math.floor(role.createdAtMillis / 1000),
    AssumeRolePolicyDocument: uriEncode(role.trust),
    ...(role.description === '' ? {} : { Description: role.description }),
    MaxSessionDuration: role.maxSessionSeconds,
    ...(role.boundary === undefined
      ? {}
      : { PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: role.boundary } }),
    ...(role.tags.length === 0 ? {} : { Tags: formatTags(role.tags) }),
  };
}
