import type { JsonObject } from '../../base/canonical-json.js';
import type { PolicyTable } from '../iam/managed-policy.js';
import type { Role, RoleTable, Tag } from '../iam/role.js';
import { tagRecord } from '../iam/tags.js';
import type { Caller } from '../service.js';
import type { DurableStore } from '../state.js';

/** An access key and the role session that it stands for. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Must come with each request of temporary credentials; null for a profile's static key. */
  readonly sessionToken: string | null;
  readonly roleName: string;
  readonly roleId: string;
  readonly sessionName: string;
  /** Set at the first AssumeRole, then the same through every chain. */
  readonly sourceIdentity: string | null;
  /** JSON text of the session policy. */
  readonly policy: string | null;
  /** JSON texts of the managed policies that limit the session (`PolicyArns`). */
  readonly managedPolicies?: readonly string[];
  readonly tags: readonly Tag[];
  readonly transitiveKeys: readonly string[];
  readonly createdAtMillis: number;
  /** Set for a session that began with a token of an identity provider. */
  readonly federation?: FederatedSubject;
  /** The role's tags when the session began. */
  readonly roleTags: readonly Tag[];
  /** Null for a profile's static key: those outlive `advance`. */
  readonly expiresAtMillis: number | null;
  /** The AWS profile that holds this key; null for sessions of AssumeRole. */
  readonly profile: string | null;
}

/** Whose token began a session. */
export interface FederatedSubject {
  readonly providerArn: string;
  /** Without `https://`, as condition keys have it. */
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
}

export interface SessionTable {
  find(accessKeyId: string): Session | undefined;
  list(): readonly Session[];
  put(session: Session): void;
  /** Forgets sessions that have been over for a day: until then their keys answer ExpiredToken. */
  sweep(nowMillis: number): void;
}

export interface StsOptions {
  readonly roles: RoleTable;
  readonly policies: PolicyTable;
  readonly sessions: SessionTable;
  readonly random: (bytes: number) => Buffer;
}

const TABLE = 'sts.session';
const KEPT_MILLIS = 24 * 3600 * 1000;

/** Sessions by access key id. */
export function createSessionTable(store: DurableStore): SessionTable {
  const list = (): readonly Session[] => Array.from(store.rows(TABLE), ([, row]) => row as unknown as Session);
  return {
    find: (accessKeyId) => store.get(TABLE, accessKeyId) as unknown as Session | undefined,
    list,
    put: (session) => store.put(TABLE, session.accessKeyId, session as unknown as JsonObject),
    sweep: (nowMillis) => {
      for (const session of list()) {
        if (session.expiresAtMillis !== null && session.expiresAtMillis + KEPT_MILLIS < nowMillis) {
          store.remove(TABLE, session.accessKeyId);
        }
      }
    },
  };
}

/**
 * When edits of role tags reach sessions that already run is not documented: `live` lets them through at once,
 * `at-assume` never. Whatever is built must be safe with both.
 */
export type RoleTagEffect = 'live' | 'at-assume';

/** Who holds this session; null when its role is gone or was made again under the same name. */
export function callerOf(session: Session, roles: RoleTable, account: string, effect: RoleTagEffect): Caller | null {
  const role = roles.find(session.roleName);
  if (role === undefined || role.id !== session.roleId) return null;
  return {
    account,
    kind: 'role',
    principalArn: role.arn,
    callerArn: sessionArn(role, session.sessionName, account),
    userId: `${role.id}:${session.sessionName}`,
    accessKeyId: session.accessKeyId,
    sourceIdentity: session.sourceIdentity,
    principalTags: principalTags(
      effect === 'live' || session.profile !== null ? role.tags : session.roleTags,
      session.tags,
    ),
  };
}

export function sessionArn(role: Role, sessionName: string, account: string): string {
  return `arn:aws:sts::${account}:assumed-role/${role.name}/${sessionName}`;
}

/** Session tags override the role's tags of the same name, whatever the case. */
function principalTags(roleTags: readonly Tag[], sessionTags: readonly Tag[]): Readonly<Record<string, string>> {
  const overridden = new Set(sessionTags.map((tag) => tag.key.toLowerCase()));
  return tagRecord([...roleTags.filter((tag) => !overridden.has(tag.key.toLowerCase())), ...sessionTags]);
}
