import type { KeyDescription, KeyState } from '../key/key.js';
import { policyDifference } from './diff-policy.js';
import type { Difference, Expectations, ObservedEstate, ObservedKey, RemedyAction, Severity } from './estate.js';
import { type Plan, type PlannedKey, regionsOf } from './plan.js';

type Finding = Omit<Difference, 'key' | 'region'>;

interface Place {
  readonly plan: Plan;
  readonly name: string;
  readonly planned: PlannedKey;
  readonly region: string;
  readonly isPrimary: boolean;
  /** The key in the primary Region; null when it is missing or was not read. */
  readonly primary: ObservedKey | null;
}

/**
 * Every difference between the plan and what was observed, in the order of the plan: by key, primary Region first. An empty
 * list means that each key was read in each of its Regions and is as planned.
 */
export function diffPlan(plan: Plan, observed: ObservedEstate, expected: Expectations): readonly Difference[] {
  return Object.entries(plan.keys).flatMap(([name, planned]) =>
    regionsOf(plan, planned).flatMap((region) => {
      const isPrimary = region === plan.regions.primary;
      const primary = observedAt(observed, plan.regions.primary, name) ?? null;
      const found = diffKey({ plan, name, planned, region, isPrimary, primary }, observed, expected);
      return found.map((finding) => ({ key: name, region, ...finding }));
    }),
  );
}

function observedAt(observed: ObservedEstate, region: string, name: string): ObservedKey | null | undefined {
  const keys = Object.hasOwn(observed, region) ? observed[region] : undefined;
  return keys !== undefined && Object.hasOwn(keys, name) ? keys[name] : undefined;
}

function diffKey(place: Place, observed: ObservedEstate, expected: Expectations): Finding[] {
  const key = observedAt(observed, place.region, place.name);
  if (key === undefined) return [difference('unobserved', 'a look at the key', 'nothing was read', 'critical')];
  if (key === null) return [missing(place)];
  const ownTags = foreignTags(key, expected.tags);
  // Nothing may be done to a key of another repository, so nothing else is said about it (T61).
  if (ownTags.length > 0) return ownTags;
  return [
    ...diffIdentity(place, key.description),
    ...diffState(key.description.state),
    ...diffReplicas(place, key.description),
    ...diffAlias(place, key),
    ...diffTags(place.planned.tags, key.tags),
    ...(place.isPrimary ? diffRotation(place.planned, key) : []),
    ...policyDifference(
      expected.policies[place.region]?.[place.name],
      key.policy,
      expected.moves.get(key.description.arn),
    ),
  ];
}

function missing({ planned, isPrimary, primary }: Place): Finding {
  if (isPrimary) return difference('missing', planned.alias, 'no such key', 'critical', 'key.create');
  // The creation of a key makes its replicas as well.
  const remedy = primary === null ? 'key.create' : 'key.replicate';
  return difference('replica-missing', `a replica of ${planned.alias}`, 'no such key', 'critical', remedy);
}

function foreignTags(key: ObservedKey, own: Readonly<Record<string, string>>): Finding[] {
  return Object.entries(own)
    .filter(([name, value]) => key.tags[name] !== value)
    .map(([name, value]) => difference('foreign', `${name}=${value}`, tagText(key.tags, name), 'critical'));
}

/** What a key is made with and keeps for ever. */
function diffIdentity({ plan, planned, isPrimary, primary }: Place, found: KeyDescription): Finding[] {
  const type =
    found.multiRegion === null ? 'single-Region' : `${found.multiRegion.type} of ${found.multiRegion.primaryRegion}`;
  const place = isPrimary ? 'PRIMARY' : 'REPLICA';
  const wanted = planned.multiRegion ? `${place} of ${plan.regions.primary}` : 'single-Region';
  const checks: readonly [Difference['kind'], string, string, RemedyAction?][] = [
    ['account', plan.account, found.account],
    ['spec', 'SYMMETRIC_DEFAULT', found.spec],
    ['usage', 'ENCRYPT_DECRYPT', found.usage],
    ['origin', planned.origin, found.origin],
    ['multi-region', wanted, type, planned.multiRegion && found.multiRegion !== null ? 'key.promote' : undefined],
    // Every replica has its primary's key id; another id is another key under the same name.
    ['multi-region', `key ${primary?.description.keyId ?? found.keyId}`, `key ${found.keyId}`],
  ];
  return checks
    .filter(([, expected, actual]) => expected !== actual)
    .map(([kind, expected, actual, remedy]) => difference(kind, expected, actual, 'critical', remedy));
}

const STATE_REMEDY: Readonly<Partial<Record<KeyState, RemedyAction>>> = {
  Disabled: 'key.enable',
  PendingDeletion: 'key.cancel-deletion',
  PendingReplicaDeletion: 'key.cancel-deletion',
};

function diffState(state: KeyState): Finding[] {
  if (state === 'Enabled') return [];
  const passing = state === 'Creating' || state === 'Updating';
  return [difference('state', 'Enabled', state, passing ? 'notice' : 'critical', STATE_REMEDY[state])];
}

/** The same material under a policy that nobody reviewed: a way past the quorum. */
function diffReplicas({ plan, planned, isPrimary }: Place, { multiRegion }: KeyDescription): Finding[] {
  if (!isPrimary || multiRegion === null) return [];
  return (
    multiRegion.replicaRegions
      // After a promotion the plan's primary Region holds a replica; that it does is said elsewhere.
      .filter((region) => !regionsOf(plan, planned).includes(region))
      .map((region) =>
        difference(
          'replica-unplanned',
          `replicas in ${planned.replicas.join(', ') || 'no Region'}`,
          region,
          'critical',
        ),
      )
  );
}

function diffAlias({ planned }: Place, { aliasTarget, description }: ObservedKey): Finding[] {
  if (aliasTarget === description.keyId) return [];
  const found = aliasTarget === null ? 'no such alias' : `it points to ${aliasTarget}`;
  const expected = `${planned.alias} points to ${description.keyId}`;
  return aliasTarget === null
    ? [difference('alias', expected, found, 'warning', 'key.alias-create')]
    : [difference('alias', expected, found, 'critical', 'key.alias-move')];
}

function diffTags(planned: PlannedKey['tags'], found: ObservedKey['tags']): Finding[] {
  const wrong = Object.keys(planned).filter((name) => found[name] !== planned[name]);
  const extra = Object.keys(found).filter((name) => !Object.hasOwn(planned, name) && !/^(?:custody|aws):/i.test(name));
  return [
    ...wrong.map((name) => difference('tags', tagText(planned, name), tagText(found, name), 'warning', 'key.tag')),
    ...extra.map((name) => difference('tags', `no tag ${name}`, tagText(found, name), 'notice', 'key.untag')),
  ];
}

function tagText(tags: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(tags, name) ? `${name}=${tags[name]}` : `no tag ${name}`;
}

/** In these states KMS answers nothing about rotation, or says that it is off. */
const ROTATION_UNKNOWN: readonly KeyState[] = [
  'Creating',
  'PendingDeletion',
  'PendingReplicaDeletion',
  'PendingImport',
  'Unavailable',
];

/** Rotation is a property of the primary alone. */
function diffRotation({ rotation, origin }: PlannedKey, { rotationStatus, description }: ObservedKey): Finding[] {
  if (ROTATION_UNKNOWN.includes(description.state)) return [];
  const expected = rotation.automatic ? `every ${rotation.periodDays} days` : 'not automatic';
  if (!rotation.automatic) {
    if (origin === 'EXTERNAL' || rotationStatus?.enabled !== true) return [];
    return [difference('rotation', expected, `every ${rotationStatus.periodDays} days`, 'notice', 'key.rotation-off')];
  }
  if (rotationStatus?.enabled === true && rotationStatus.periodDays === rotation.periodDays) return [];
  const found =
    rotationStatus === null ? 'unknown' : rotationStatus.enabled ? `every ${rotationStatus.periodDays} days` : 'off';
  return [difference('rotation', expected, found, 'warning', 'key.rotation')];
}

function difference(
  kind: Difference['kind'],
  expected: string,
  found: string,
  severity: Severity,
  remedyAction?: RemedyAction,
): Finding {
  return { kind, expected, found, severity, ...(remedyAction === undefined ? {} : { remedyAction }) };
}
