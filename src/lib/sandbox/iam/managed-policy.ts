import type { JsonObject } from '../../base/canonical-json.js';
import { ServiceError, type StateStore } from '../service.js';
import type { Tag } from './role.js';

export type PolicyVersion = {
  /** `v1`, `v2` …; a number is never used again. */
  readonly id: string;
  /** JSON text, as it was put. */
  readonly document: string;
  readonly createdAtMillis: number;
};

/** A managed policy as the model keeps it. Table `iam.policy`, id is the ARN. */
export type ManagedPolicy = {
  readonly name: string;
  /** `ANPA…` */
  readonly id: string;
  readonly arn: string;
  readonly path: string;
  readonly description: string;
  readonly createdAtMillis: number;
  readonly updatedAtMillis: number;
  readonly defaultVersion: string;
  readonly nextVersion: number;
  readonly versions: readonly PolicyVersion[];
  readonly tags: readonly Tag[];
};

export interface PolicyTable {
  /** @throws ServiceError NoSuchEntity */
  get(arn: string): ManagedPolicy;
  find(arn: string): ManagedPolicy | undefined;
  list(): readonly ManagedPolicy[];
  put(policy: ManagedPolicy): void;
  remove(arn: string): void;
  /** The text that counts; undefined when there is no such policy. */
  documentOf(arn: string): string | undefined;
}

interface Rows extends StateStore {
  get(table: string, id: string): JsonObject | undefined;
}

const TABLE = 'iam.policy';

/** The managed policies of AWS itself that the sandbox knows: whoever needs another makes it as his own. */
const AWS_MANAGED: readonly ManagedPolicy[] = [
  {
    name: 'AdministratorAccess',
    id: 'ANPAIWMBCKSKIEE64ZLYK',
    arn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    path: '/',
    description: 'Provides full access to AWS services and resources.',
    createdAtMillis: Date.UTC(2015, 1, 6, 18, 39, 46),
    updatedAtMillis: Date.UTC(2015, 1, 6, 18, 39, 46),
    defaultVersion: 'v1',
    nextVersion: 2,
    versions: [
      {
        id: 'v1',
        document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
        createdAtMillis: Date.UTC(2015, 1, 6, 18, 39, 46),
      },
    ],
    tags: [],
  },
];

/** Managed policies by ARN. */
export function createPolicyTable(store: Rows): PolicyTable {
  const find = (arn: string): ManagedPolicy | undefined =>
    AWS_MANAGED.find((policy) => policy.arn === arn) ?? stored(store.get(TABLE, arn));
  return {
    find,
    get: (arn) => {
      const policy = find(arn);
      if (policy) return policy;
      throw new ServiceError('NoSuchEntity', `Policy ${arn} was not found.`, 404);
    },
    list: () =>
      [
        ...AWS_MANAGED,
        ...Array.from(store.rows(TABLE), ([, row]) => stored(row)).filter((row) => row !== undefined),
      ].sort((a, b) => (a.name < b.name ? -1 : 1)),
    put: (policy) => store.put(TABLE, policy.arn, policy),
    remove: (arn) => store.remove(TABLE, arn),
    documentOf: (arn) => {
      const policy = find(arn);
      return policy?.versions.find((version) => version.id === policy.defaultVersion)?.document;
    },
  };
}

export function isAwsManaged(arn: string): boolean {
  return arn.startsWith('arn:aws:iam::aws:policy/');
}

/** The store holds only what this file wrote. */
function stored(row: unknown): ManagedPolicy | undefined {
  return row as ManagedPolicy | undefined;
}
