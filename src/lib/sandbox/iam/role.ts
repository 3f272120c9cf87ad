import { encodeBase32 } from '../../base/bytes.js';
import type { JsonObject } from '../../base/canonical-json.js';
import { ServiceError } from '../service.js';
import type { DurableStore } from '../state.js';

export type Tag = {
  readonly key: string;
  readonly value: string;
};

/** An IAM role as the model keeps it. */
export interface Role {
  readonly name: string;
  /** `AROA…`: a role that is made again under the same name has another one. */
  readonly id: string;
  readonly arn: string;
  readonly path: string;
  readonly description: string;
  readonly createdAtMillis: number;
  readonly maxSessionSeconds: number;
  /** JSON text of the trust policy, as it was put. */
  readonly trust: string;
  /** Inline policies by name, JSON text. */
  readonly policies: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
  /** ARNs of the managed policies that hang on the role. */
  readonly attached?: readonly string[];
  /** ARN of the managed policy that is the role's permissions boundary. */
  readonly boundary?: string;
}

export const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;
const TABLE = 'iam.role';

export interface RoleTable {
  find(name: string): Role | undefined;
  /** @throws ServiceError NoSuchEntity */
  get(name: string): Role;
  list(): readonly Role[];
  put(role: Role): void;
  remove(name: string): void;
}

/** IAM role names are unique without regard to case. */
export function createRoleTable(store: DurableStore): RoleTable {
  const id = (name: string): string => name.toLowerCase();
  const find = (name: string): Role | undefined => store.get(TABLE, id(name)) as Role | undefined;
  return {
    find,
    get: (name) => {
      const role = find(name);
      if (role?.name === name) return role;
      throw new ServiceError('NoSuchEntity', `The role with name ${name} cannot be found.`, 404);
    },
    list: () =>
      Array.from(store.rows(TABLE), ([, row]) => row as unknown as Role).sort((a, b) => (a.name < b.name ? -1 : 1)),
    put: (role) => store.put(TABLE, id(role.name), role as unknown as JsonObject),
    remove: (name) => store.remove(TABLE, id(name)),
  };
}

/** A unique id of AWS's form: a prefix that tells the kind, then 17 letters and digits. */
export function uniqueId(prefix: 'AROA' | 'AKIA' | 'ASIA' | 'ANPA', random: (bytes: number) => Buffer): string {
  const length = prefix === 'AROA' || prefix === 'ANPA' ? 17 : 16;
  return `${prefix}${encodeBase32(random(11)).toUpperCase().slice(0, length)}`;
}

/** Who exists in the account: key policies bind to unique ids, not to names. */
export interface PrincipalDirectory {
  /** The unique id behind a role's ARN; null when there is no such role (account roots have none). */
  uniqueIdOf(arn: string): string | null;
  /** The ARN of the role with this unique id; null once it is deleted. */
  arnOf(uniqueId: string): string | null;
}

export function createDirectory(roles: RoleTable): PrincipalDirectory {
  return {
    uniqueIdOf: (arn) => roles.list().find((role) => role.arn === arn)?.id ?? null,
    arnOf: (id) => roles.list().find((role) => role.id === id)?.arn ?? null,
  };
}
