import { rootOf } from '../copy/copy.js';
import { canaryUserOf, drillRoleArnOf } from '../plan/canaries.js';
import { type Plan, regionsOf } from '../plan/plan.js';
import { canaryKeyOf } from './canaries.js';
import type { DrillId } from './drills.js';
import { MOST_SCRATCH } from './scratch.js';

/** A call that a drill would make. */
export interface PlannedCall {
  readonly drill: DrillId;
  readonly service: 'kms' | 'iam' | 'sts' | 'cloudtrail' | 'git';
  readonly operation: string;
  readonly region: string | null;
  /** A key's name, or `scratch` for one that the drill makes itself. */
  readonly key: string | null;
  /** Whose credentials. */
  readonly as: 'caller' | 'drill-role';
  /** Whether it changes anything, and never a key of the plan. */
  readonly changes: boolean;
}

const READS = [
  'DescribeKey',
  'GetKeyPolicy',
  'ListResourceTags',
  'GetKeyRotationStatus',
  'ListKeyRotations',
  'ListGrants',
];

const PUBLISH = {
  service: 'git',
  operation: 'publish',
  region: null,
  key: null,
  as: 'caller',
  changes: true,
} as const;

/** Every kind of call that the drills make, for people to look at before anything is done. */
export function plannedCalls(plan: Plan, selected: readonly DrillId[]): readonly PlannedCall[] {
  const rows = selected.flatMap((id) => OF[id]?.(plan).map((row) => ({ drill: id, ...row })) ?? []);
  return [...rows, { drill: selected.at(-1) ?? 'backup', ...PUBLISH }];
}

/** Every kind of call by which an exercise is opened. */
export function cycleCalls({ interlock, regions }: Plan): readonly PlannedCall[] {
  const ofRole = (name: string) => byRole(name, regions.primary, 'scratch', true);
  const slots = { ...reading('ListRoleTags', null, null), service: 'iam' } as const;
  const looks = ['DescribeKey', 'GetKeyPolicy', 'GetKeyRotationStatus', 'ListResourceTags'];
  const rows = [
    ...(interlock ? [slots] : []),
    ofRole('CreateKey'),
    ofRole('PutKeyPolicy'),
    ...looks.map((name) => reading(name, regions.primary, 'scratch')),
    reading('ListAliases', regions.primary, null),
    PUBLISH,
  ];
  return rows.map((row) => ({ drill: 'cycle', ...row }));
}

type Row = Omit<PlannedCall, 'drill'>;

const OF: Readonly<Partial<Record<DrillId, (plan: Plan) => readonly Row[]>>> = {
  backup: (plan) => [
    { service: 'git', operation: 'clone', region: null, key: null, as: 'caller', changes: false },
    ...regionsIn(plan).flatMap((region) => ['ListKeys', 'ListAliases'].map((name) => reading(name, region, null))),
    ...eachKey(plan).flatMap(([key, region]) => READS.map((name) => reading(name, region, key))),
  ],
  regions: (plan) => [
    ...regionsIn(plan).map((region) => reading('ListAliases', region, null)),
    ...eachKey(plan)
      .filter(([key]) => (plan.keys[key]?.replicas.length ?? 0) > 0)
      .flatMap(([key, region]) => canaryRows(plan, key, region)),
  ],
  data: (plan) => Object.keys(plan.keys).flatMap((key) => canaryRows(plan, key, plan.regions.primary)),
  policies: (plan) =>
    drillRoleArnOf(plan) === null
      ? []
      : [
          ...regionsIn(plan).flatMap((region) =>
            ['ListKeys', 'ListResourceTags'].map((name) => byRole(name, region, null, false)),
          ),
          ...eachKey(plan)
            .slice(0, MOST_SCRATCH)
            .flatMap(([, region]) => [
              byRole('CreateKey', region, 'scratch', true),
              byRole('GetKeyPolicy', region, 'scratch', false),
              byRole('ScheduleKeyDeletion', region, 'scratch', true),
            ]),
        ],
  rewrap: (plan) =>
    Object.keys(plan.keys)
      .filter((key) => canaryUserOf(plan, key)?.may.includes('re-encrypt'))
      .map((key) => byRole('ReEncrypt', plan.regions.primary, key, false)),
  material: (plan) => [
    ...importedIn(plan).flatMap((key) => [
      reading('ListKeyRotations', plan.regions.primary, key),
      byRole('ReEncrypt', plan.regions.primary, rootOf(plan), false),
    ]),
    ...(importedIn(plan).length === 0 || drillRoleArnOf(plan) === null
      ? []
      : IMPORTING.map(([operation, changes]) => byRole(operation, plan.regions.primary, 'scratch', changes))),
  ],
  cold: (plan) =>
    plan.interlock === null || drillRoleArnOf(plan) === null
      ? []
      : [
          byRole('CreateKey', plan.regions.primary, 'scratch', true),
          { ...reading('AssumeRole', null, null), service: 'sts' },
          // Nobody has approved it: KMS must deny it.
          { ...reading('PutKeyPolicy', plan.regions.primary, 'scratch'), changes: true },
          byRole('ScheduleKeyDeletion', plan.regions.primary, 'scratch', true),
        ],
  cycle: (plan) =>
    drillRoleArnOf(plan) === null
      ? []
      : [
          ...regionsIn(plan).flatMap((region) =>
            ['ListKeys', 'ListResourceTags'].map((name) => byRole(name, region, null, false)),
          ),
          ...(plan.interlock ? trialRows(plan) : []),
          byRole('ScheduleKeyDeletion', plan.regions.primary, 'scratch', true),
        ],
  review: (plan) => [
    { ...reading('GetRole', null, null), service: 'iam' },
    ...eachKey(plan).map(([key, region]) => reading('ListGrants', region, key)),
  ],
  interlock: (plan) => [
    { ...reading('GetAccountAuthorizationDetails', null, null), service: 'iam' },
    ...regionsIn(plan).map((region) => ({ ...reading('LookupEvents', region, null), service: 'cloudtrail' as const })),
    ...eachKey(plan).map(([key, region]) => reading('ListGrants', region, key)),
  ],
};

/** One approval alone: the own slot is set, the call is asked for, which KMS must deny, and the slot is cleared. */
function trialRows({ regions }: Plan): readonly Row[] {
  const slot = { ...reading('TagRole', null, 'scratch'), service: 'iam', changes: true } as const;
  return [
    { ...slot, operation: 'ListRoleTags', changes: false },
    slot,
    { ...reading('AssumeRole', null, null), service: 'sts' },
    { ...reading('EnableKeyRotation', regions.primary, 'scratch'), changes: true },
    { ...slot, operation: 'UntagRole' },
  ];
}

/** On a key of imported material that the drill makes. */
const IMPORTING = [
  ['CreateKey', true],
  ['GetParametersForImport', false],
  ['ImportKeyMaterial', true],
  ['DescribeKey', false],
  ['Encrypt', false],
  ['DeleteImportedKeyMaterial', true],
  ['Decrypt', false],
  ['ScheduleKeyDeletion', true],
] as const;

function importedIn({ keys }: Plan): readonly string[] {
  return Object.keys(keys).filter((name) => keys[name]?.origin === 'EXTERNAL');
}

function canaryRows(plan: Plan, key: string, region: string): readonly Row[] {
  if (canaryUserOf(plan, key) === null) return [];
  const proof = canaryKeyOf(plan, key).sealed ? 'ReEncrypt' : 'Decrypt';
  return ['Encrypt', proof].map((name) => byRole(name, region, key, false));
}

function regionsIn({ regions }: Plan): readonly string[] {
  return [regions.primary, ...regions.replicas];
}

function eachKey(plan: Plan): readonly (readonly [string, string])[] {
  return Object.entries(plan.keys).flatMap(([name, key]) =>
    regionsOf(plan, key).map((region) => [name, region] as const),
  );
}

function reading(operation: string, region: string | null, key: string | null): Row {
  return { service: 'kms', operation, region, key, as: 'caller', changes: false };
}

function byRole(operation: string, region: string | null, key: string | null, changes: boolean): Row {
  return { service: 'kms', operation, region, key, as: 'drill-role', changes };
}
