import { CustodyError } from '../../base/errors.js';
import type { ServiceEvent } from '../cloudtrail/witnessed.js';
import type { StateStore } from '../service.js';
import { rsaPair, type Sources } from './specs.js';
import { Table } from './table.js';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const DAY = 86_400 * SECOND;

/** How long the asynchronous parts of KMS take, in milliseconds of sandbox time. */
export interface Delays {
  /** RotateKeyOnDemand until the new material is current. */
  readonly rotation: number;
  /** ReplicateKey until the replica leaves `Creating`. */
  readonly creating: number;
  /** UpdatePrimaryRegion until both keys leave `Updating`. */
  readonly updating: number;
  /** CreateGrant until the grant works without its token: KMS says "usually less than five minutes". */
  readonly grant: number;
  /** TagResource and alias changes until authorization sees them: KMS says up to five minutes. */
  readonly tag: number;
}

export const DELAYS: Delays = {
  rotation: SECOND,
  creating: SECOND,
  updating: SECOND,
  grant: 5 * MINUTE,
  tag: 5 * MINUTE,
};

export interface KmsOptions {
  readonly store: StateStore;
  readonly account: string;
  readonly partition?: string;
  readonly regions: readonly string[];
  readonly random: (bytes: number) => Buffer;
  /** Whether IAM knows the user or role of this ARN. */
  readonly principalExists: (arn: string) => boolean;
  readonly delays?: Partial<Delays>;
  /** Told what KMS does by itself. */
  readonly announce?: (event: ServiceEvent) => void;
  /** Makes RSA private keys (PKCS#8), which is slow; by default OpenSSL's generator. */
  readonly rsaPair?: (bits: number) => Buffer;
}

/** A key in one Region: what replicas do not share. Table `kms.keys`, id `<region>/<key id>`. */
export type KeyRow = {
  readonly region: string;
  readonly keyId: string;
  readonly createdMillis: number;
  readonly description: string;
  readonly enabled: boolean;
  readonly policy: string;
  readonly tags: Readonly<Record<string, string>>;
  /** What authorization still sees until `tagsChangedMillis` is `Delays.tag` old. */
  readonly tagsBefore: Readonly<Record<string, string>>;
  readonly tagsChangedMillis: number;
  readonly creatingUntilMillis: number;
  readonly updatingUntilMillis: number;
  readonly deletionWindowDays: number | null;
  /** `null` with a window set: a primary that waits for its last replica. */
  readonly deleteAtMillis: number | null;
};

/** What every Region's copy of a key shares. Table `kms.sets`, id is the key id. */
export type SetRow = {
  readonly keyId: string;
  readonly keySpec: string;
  readonly keyUsage: string;
  readonly origin: string;
  readonly multiRegion: boolean;
  readonly primaryRegion: string;
  readonly rotationPeriodDays: number;
  /** `null`: automatic rotation is off. */
  readonly nextRotationMillis: number | null;
  readonly onDemandStartMillis: number | null;
  readonly onDemandCount: number;
  /** Every material of the key, oldest first. */
  readonly materialIds: readonly string[];
};

/** One key material. Table `kms.materials`, id `<key id>/<key material id>`. */
export type MaterialRow = {
  readonly keyId: string;
  readonly materialId: string;
  readonly state: 'CURRENT' | 'NON_CURRENT' | 'PENDING';
  /** Base64; symmetric and HMAC: the key; asymmetric: PKCS#8; `null` for imported material, which lives in `kms.imports`. */
  readonly secret: string | null;
  readonly rotationType: 'AUTOMATIC' | 'ON_DEMAND' | null;
  readonly rotatedMillis: number | null;
  readonly description: string | null;
};

/** Imported material in one Region. Table `kms.imports`, id `<region>/<key id>/<key material id>`; gone when deleted or expired. */
export type ImportRow = {
  readonly region: string;
  readonly keyId: string;
  readonly materialId: string;
  readonly secret: string;
  readonly validToMillis: number | null;
};

/** Table `kms.aliases`, id `<region>/<alias name>`. */
export type AliasRow = {
  readonly region: string;
  readonly aliasName: string;
  readonly targetKeyId: string;
  readonly createdMillis: number;
  readonly updatedMillis: number;
};

/** AWS services that a grant names, and the resource on whose behalf its permissions count. */
export type GrantServices = {
  readonly grantee: string | null;
  readonly retiring: string | null;
  readonly sourceArn: string | null;
};

/** Table `kms.grants`, id `<region>/<grant id>`. */
export type GrantRow = {
  readonly region: string;
  readonly keyId: string;
  readonly grantId: string;
  readonly name: string | null;
  /** Empty where the grantee is a service. */
  readonly granteePrincipal: string;
  readonly retiringPrincipal: string | null;
  /** What a grant of an older journal does not have. */
  readonly services?: GrantServices;
  readonly issuingAccount: string;
  readonly operations: readonly string[];
  readonly constraints: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly tokens: readonly string[];
  readonly createdMillis: number;
};

/** A wrapping key that GetParametersForImport gave out. Table `kms.parameters`, id is the import token. */
export type ParametersRow = {
  readonly region: string;
  readonly keyId: string;
  readonly algorithm: string;
  /** Base64 of PKCS#8. */
  readonly privateKey: string;
  readonly validToMillis: number;
};

/** Table `kms.usage`, id `<region>/<key id>`. */
export type UsageRow = { readonly operation: string; readonly atMillis: number; readonly requestId: string };

/** The whole state of KMS in all Regions of the account. */
export interface World extends Sources {
  readonly account: string;
  readonly partition: string;
  readonly regions: readonly string[];
  readonly principalExists: (arn: string) => boolean;
  readonly delays: Delays;
  readonly announce: (event: ServiceEvent) => void;
  readonly keys: Table<KeyRow>;
  readonly sets: Table<SetRow>;
  readonly materials: Table<MaterialRow>;
  readonly imports: Table<ImportRow>;
  readonly aliases: Table<AliasRow>;
  readonly grants: Table<GrantRow>;
  readonly parameters: Table<ParametersRow>;
  readonly usage: Table<UsageRow>;
}

/** Reads the state that the store holds. */
export function openWorld(options: KmsOptions): World {
  const { store } = options;
  return {
    account: options.account,
    partition: options.partition ?? 'aws',
    regions: options.regions,
    random: options.random,
    rsaPair: options.rsaPair ?? rsaPair,
    principalExists: options.principalExists,
    delays: { ...DELAYS, ...options.delays },
    announce: options.announce ?? (() => undefined),
    keys: new Table(store, 'kms.keys'),
    sets: new Table(store, 'kms.sets'),
    materials: new Table(store, 'kms.materials'),
    imports: new Table(store, 'kms.imports'),
    aliases: new Table(store, 'kms.aliases', (alias) => rowId(alias.region, alias.targetKeyId)),
    grants: new Table(store, 'kms.grants', (grant) => rowId(grant.region, grant.keyId)),
    parameters: new Table(store, 'kms.parameters'),
    usage: new Table(store, 'kms.usage'),
  };
}

export function rowId(region: string, id: string): string {
  return `${region}/${id}`;
}

export function putKey(world: World, row: KeyRow): KeyRow {
  return world.keys.put(rowId(row.region, row.keyId), row);
}

/** The set that a key belongs to; every key row has one. */
export function setOf(world: World, keyId: string): SetRow {
  const set = world.sets.get(keyId);
  if (set === undefined) throw new CustodyError('BUG', `no shared row for key ${keyId}`);
  return set;
}

/** The copies of a key in every Region, the primary among them. */
export function copiesOf(world: World, keyId: string): readonly KeyRow[] {
  return world.regions.flatMap((region) => world.keys.get(rowId(region, keyId)) ?? []);
}

export function primaryOf(world: World, set: SetRow): KeyRow | undefined {
  return world.keys.get(rowId(set.primaryRegion, set.keyId));
}

export function seconds(millis: number): number {
  return millis / SECOND;
}

/** The materials of a key, oldest first. */
export function materialsOf(world: World, keyId: string): readonly MaterialRow[] {
  return setOf(world, keyId).materialIds.flatMap((id) => world.materials.get(rowId(keyId, id)) ?? []);
}

export function currentMaterial(world: World, keyId: string): MaterialRow | undefined {
  return materialsOf(world, keyId).find((material) => material.state === 'CURRENT');
}
