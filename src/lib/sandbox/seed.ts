import type { JsonObject } from '../base/canonical-json.js';
import { type OidcProviderTable, providerArn } from './iam/oidc-provider.js';
import { uniqueId } from './iam/role.js';
import type { Principals } from './principals.js';
import { drillPolicy } from './seed-drill.js';
import { ownSigner, ownSlots, READ, slotKeys } from './seed-slots.js';
import { statement } from './seed-statement.js';
import { executorTrust, federatedTrust } from './seed-trust.js';
import { SANDBOX_AUDIENCE, SANDBOX_ISSUER } from './sts/federation.js';
import type { Session } from './sts/session.js';

/** Names of the roles that a fresh account has. */
export interface SeedRoles {
  /** The custodians: profile, role and SourceIdentity of each seat. */
  readonly seats: readonly { readonly profile: string; readonly roleName: string; readonly sourceIdentity: string }[];
  readonly executor: string;
  readonly service: string;
  readonly admin: string;
  readonly outsider: string;
  /** Makes and opens canaries of keys, and makes scratch keys. */
  readonly drill?: string;
  /** The platform team's role, which makes the others; whoever proves something about them must know it. */
  readonly installer?: string;
  /** Who writes and who reads an audit ledger in S3; its bucket's policy lets them in. */
  readonly ledger?: { readonly writer: string; readonly reader: string };
  /** What an approval interlock takes: a second executor, an auditor, and the keys for which a seat may set its slot. */
  readonly interlock?: {
    readonly coldExecutor: string;
    readonly auditor: string;
    readonly keyNames: readonly string[];
  };
}

export const DEFAULT_SEED: SeedRoles = {
  seats: [
    { profile: 'architect', roleName: 'SecurityArchitect', sourceIdentity: 'architect' },
    { profile: 'privacy', roleName: 'PrivacyEngineer', sourceIdentity: 'privacy' },
    { profile: 'deputy', roleName: 'SecurityArchitect-deputy', sourceIdentity: 'deputy' },
  ],
  executor: 'custody-executor',
  service: 'app',
  admin: 'Admin',
  outsider: 'outsider',
  drill: 'custody-drill',
  installer: 'custody-installer',
  interlock: {
    coldExecutor: 'custody-cold',
    auditor: 'custody-auditor',
    keyNames: ['root', 'case-data', 'audit-ledger', 'telemetry-short', 'webauthn'],
  },
};

export interface SeedOptions {
  readonly account: string;
  readonly names: SeedRoles;
  readonly nowMillis: number;
  readonly random: (bytes: number) => Buffer;
  /** Keys of profiles to keep, so that config files that are already in use stay valid after a reset. */
  readonly keep: readonly Session[];
}

interface Planned {
  readonly profile: string;
  readonly name: string;
  readonly sourceIdentity: string | null;
  readonly trust: JsonObject;
  readonly policy: JsonObject;
}

/** Makes the identity provider and the roles of a fresh account, and a static key for each profile. */
export function seed({ roles, sessions, providers }: Principals, options: SeedOptions): void {
  seedProvider(providers, options);
  for (const planned of plannedRoles(options)) {
    const role = {
      name: planned.name,
      id: uniqueId('AROA', options.random),
      arn: `arn:aws:iam::${options.account}:role/${planned.name}`,
      path: '/',
      description: `custody sandbox: ${planned.profile}`,
      createdAtMillis: options.nowMillis,
      maxSessionSeconds: 3600,
      trust: JSON.stringify(planned.trust),
      policies: { [planned.profile]: JSON.stringify(planned.policy) },
      tags: [],
    };
    const kept = options.keep.find((session) => session.profile === planned.profile);
    roles.put(role);
    sessions.put({
      accessKeyId: kept?.accessKeyId ?? uniqueId('AKIA', options.random),
      secretAccessKey: kept?.secretAccessKey ?? options.random(30).toString('base64'),
      sessionToken: null,
      roleName: role.name,
      roleId: role.id,
      sessionName: planned.profile,
      sourceIdentity: planned.sourceIdentity,
      policy: null,
      tags: [],
      transitiveKeys: [],
      createdAtMillis: options.nowMillis,
      roleTags: [],
      expiresAtMillis: null,
      profile: planned.profile,
    });
  }
}

/** The identity provider that the roles trust. */
function seedProvider(providers: OidcProviderTable, { account, nowMillis }: SeedOptions): void {
  providers.put({
    arn: providerArn(account, SANDBOX_ISSUER),
    url: SANDBOX_ISSUER,
    clientIds: [SANDBOX_AUDIENCE],
    thumbprints: [],
    createdAtMillis: nowMillis,
    tags: [],
  });
}

function plannedRoles({ account, names }: SeedOptions): readonly Planned[] {
  const arn = (name: string): string => `arn:aws:iam::${account}:role/${name}`;
  const { interlock } = names;
  const executorArn = arn(names.executor);
  const executors = [executorArn, ...(interlock ? [arn(interlock.coldExecutor)] : [])];
  const seatArns = names.seats.map((seat) => arn(seat.roleName));
  const federated = (profile: string, policy: JsonObject): Planned & { readonly sourceIdentity: null } => {
    const name = roleNames(names)[profile];
    return {
      profile,
      name: name ?? profile,
      sourceIdentity: null,
      trust: federatedTrust(account, profile, null),
      policy,
    };
  };
  return [
    ...names.seats.map((seat) => ({
      profile: seat.profile,
      name: seat.roleName,
      sourceIdentity: seat.sourceIdentity,
      trust: federatedTrust(account, seat.profile, seat.sourceIdentity),
      policy: seatPolicy(
        executors,
        seatArns,
        interlock ? slotKeys(interlock.keyNames, seat.sourceIdentity) : [],
        seat.sourceIdentity,
      ),
    })),
    ...['executor', ...(interlock ? ['cold-executor'] : [])].map((profile, at) => ({
      ...federated(profile, executorPolicy(executors[at] ?? executorArn)),
      trust: executorTrust(names, arn),
    })),
    ...(interlock ? [federated('auditor', allow(statement('Read', READ, '*')))] : []),
    ...besides(names).map(([profile, policy]) => federated(profile, policy)),
    federated('service', allow(statement('UseKeys', KMS_USE, '*'))),
    federated('admin', allow(statement('Everything', ['*'], '*'))),
    federated('outsider', allow(statement('EveryKmsCall', ['kms:*'], '*'))),
  ];
}

/** Roles that take no part in the interlock. */
function besides({ drill, installer, ledger }: SeedRoles): readonly (readonly [string, JsonObject])[] {
  return [
    ...(drill ? [['drill', drillPolicy()] as const] : []),
    ...(ledger ? [['ledger-writer', allow(statement('SealEntries', ['kms:GenerateDataKey'], '*'))] as const] : []),
    ...(ledger ? [['ledger-reader', allow(statement('OpenEntries', ['kms:Decrypt'], '*'))] as const] : []),
    ...(installer ? [['installer', allow(statement('InstallRoles', ['iam:*'], '*'))] as const] : []),
  ];
}

/** The role of each profile that is no seat. */
function roleNames({
  executor,
  service,
  admin,
  outsider,
  drill,
  installer,
  interlock,
  ledger,
}: SeedRoles): Readonly<Record<string, string | undefined>> {
  const more = {
    ...(interlock && { 'cold-executor': interlock.coldExecutor, auditor: interlock.auditor }),
    ...(ledger && { 'ledger-writer': ledger.writer, 'ledger-reader': ledger.reader }),
  };
  return { executor, service, admin, outsider, drill, installer, ...more };
}

const KMS_USE = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:ReEncrypt*',
  'kms:GenerateDataKey*',
  'kms:GenerateMac',
  'kms:VerifyMac',
  'kms:Sign',
  'kms:Verify',
  'kms:GetPublicKey',
  'kms:DescribeKey',
];

/** A seat enters the executor, reads what it must judge, and makes its own signing key; the key's policy says the rest. */
function seatPolicy(
  executors: readonly string[],
  seatArns: readonly string[],
  slots: readonly string[],
  sourceIdentity: string,
): JsonObject {
  return allow(
    statement('EnterExecutor', ['sts:AssumeRole', 'sts:SetSourceIdentity'], executors),
    statement('SeeRoles', ['iam:GetRole', 'iam:ListRoleTags'], [...executors, ...seatArns]),
    // Whom a key policy names is told by unique ids, in backups too.
    statement('SeeWhoIsNamed', ['iam:GetRole'], rolesOf(executors)),
    ...(slots.length > 0 ? [ownSlots(executors, slots, sourceIdentity)] : []),
    statement('SeeTrail', ['cloudtrail:LookupEvents'], '*'),
    ...ownSigner(),
    statement('FindKeys', ['kms:ListKeys', 'kms:ListAliases'], '*'),
    statement('AsKeyPoliciesSay', ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:Sign', 'kms:Verify'], '*'),
  );
}

/** Every role of the account. */
function rolesOf([executor = '']: readonly string[]): string {
  return executor.replace(/:role\/.*$/, ':role/*');
}

/** The executor's own policy is wide: which change it may make, each key's policy decides. */
function executorPolicy(executorArn: string): JsonObject {
  return allow(
    statement('KeysDecide', ['kms:*'], '*'),
    statement('SeeSlots', ['iam:GetRole', 'iam:ListRoleTags'], executorArn),
    {
      ...statement('ClearSlots', ['iam:UntagRole'], executorArn),
      Condition: { 'ForAllValues:StringLike': { 'aws:TagKeys': 'custody:*' }, Null: { 'aws:TagKeys': 'false' } },
    },
  );
}

function allow(...statements: readonly JsonObject[]): JsonObject {
  return { Version: '2012-10-17', Statement: statements };
}
