import type { JsonObject } from '../../base/canonical-json.js';
import { type Role, uniqueId } from '../iam/role.js';
import type { Call } from '../service.js';
import type { RoleWish } from './role-wish.js';
import { type Session, type StsOptions, sessionArn } from './session.js';

/** What a session is beyond what was asked for. */
export type Nature = Pick<Session, 'sourceIdentity' | 'tags' | 'transitiveKeys' | 'federation'>;

/** Begins a session of `role`, keeps it, and forgets those that are long over. */
export function beginSession(options: StsOptions, wish: RoleWish, call: Call, role: Role, nature: Nature): Session {
  const { random, sessions } = options;
  const session: Session = {
    accessKeyId: uniqueId('ASIA', random),
    secretAccessKey: random(30).toString('base64'),
    sessionToken: random(192).toString('base64'),
    roleName: role.name,
    roleId: role.id,
    sessionName: wish.sessionName,
    policy: wish.policy,
    ...(wish.managedPolicies.length === 0 ? {} : { managedPolicies: wish.managedPolicies }),
    createdAtMillis: call.nowMillis,
    roleTags: role.tags,
    // AWS tells the expiration in whole seconds; the session must not end before the second that was told.
    expiresAtMillis: (Math.floor(call.nowMillis / 1000) + wish.seconds) * 1000,
    profile: null,
    ...nature,
  };
  sessions.sweep(call.nowMillis);
  sessions.put(session);
  return session;
}

/** The answer of every way into a role. */
export function formatSession(session: Session, role: Role, account: string): JsonObject {
  const characters = [session.policy ?? '', ...(session.managedPolicies ?? [])].join('').length;
  return {
    AssumedRoleUser: {
      AssumedRoleId: `${role.id}:${session.sessionName}`,
      Arn: sessionArn(role, session.sessionName, account),
    },
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: (session.expiresAtMillis ?? 0) / 1000,
    },
    ...(characters === 0 ? {} : { PackedPolicySize: Math.min(100, Math.ceil((characters * 100) / 2048)) }),
    ...(session.sourceIdentity === null ? {} : { SourceIdentity: session.sourceIdentity }),
  };
}
