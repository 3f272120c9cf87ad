import chalk from 'chalk';
import { CustodyError } from '../base/errors.js';
import { type Instant, millisOf } from '../base/time.js';
import { diffPlan } from '../plan/diff.js';
import type { Difference, ObservedEstate, ObservedKey } from '../plan/estate.js';
import { type Plan, type PlannedKey, regionsOf } from '../plan/plan.js';
import { budgetFinding, ON_DEMAND_LIMIT, onDemandLeft, rotationDue } from '../plan/rotation-due.js';
import { enforcementOf, type LivePolicy } from '../policy/enforcement.js';
import type { Decided } from '../request/decided.js';
import { expectationsOf } from '../request/estate.js';
import type { InForce } from '../request/in-force.js';
import { heading, pairs, table, wrap } from './render.js';

/** One line of `keys list`. */
export function keyFacts(state: InForce, estate: ObservedEstate, name: string, { moves }: Decided, now: Instant) {
  const { plan } = state.plan;
  const planned = plan.keys[name];
  if (!planned) throw new CustodyError('NOT_FOUND', `the plan has no key ${name}`);
  const region = plan.regions.primary;
  const live = estate[region]?.[name] ?? null;
  const only = { ...plan, keys: { [name]: planned } };
  const findings = [
    ...diffPlan(only, estate, expectationsOf(plan, state.roster, estate, moves)),
    ...(live ? budgetFinding(name, live) : []),
  ];
  const due = live ? rotationDue(planned, live, now) : null;
  return {
    name,
    parent: planned.parent,
    alias: planned.alias,
    purpose: planned.purpose,
    arn: live?.description.arn ?? null,
    keyId: live?.description.keyId ?? null,
    region,
    deletionAt: live?.description.deletionAt ?? null,
    state: live?.description.state ?? (estate[region] && name in (estate[region] ?? {}) ? 'missing' : 'unread'),
    multiRegion: live ? live.description.multiRegion !== null : planned.multiRegion,
    replicas: planned.replicas.map((where) => ({
      region: where,
      state: estate[where]?.[name]?.description.state ?? null,
    })),
    rotationEnabled: live?.rotationStatus?.enabled ?? false,
    rotationPeriodDays: live?.rotationStatus?.periodDays ?? null,
    lastRotationAt: due?.lastAt ?? null,
    nextRotationAt: nextOf(live, due?.nextAt ?? null),
    rotationDue: due?.due ?? false,
    rotationBecause: due?.because ?? null,
    onDemandRotationsLeft: live ? onDemandLeft(live.rotations) : null,
    enforcement: enforcementOf(plan, state.roster, name, livePolicies(plan, planned, estate, name)),
    findings,
  };
}

/** Each Region of the plan has a policy of its own, and the weakest one counts. */
function livePolicies(plan: Plan, planned: PlannedKey, estate: ObservedEstate, name: string): readonly LivePolicy[] {
  return regionsOf(plan, planned).flatMap((region) => {
    const live = estate[region]?.[name];
    return live ? [{ region, keyId: live.description.keyId, policy: live.policy }] : [];
  });
}

export type KeyFacts = ReturnType<typeof keyFacts>;

/** KMS's own date where it rotates by itself, the plan's where it comes earlier. */
function nextOf(live: ObservedKey | null, planned: Instant | null): Instant | null {
  const byKms = live?.rotationStatus?.nextAt ?? null;
  if (byKms === null || planned === null) return planned;
  return millisOf(byKms) < millisOf(planned) ? byKms : planned;
}

/** The hierarchy, a line a key; below it what is not as planned. */
export function keyTable(keys: readonly KeyFacts[]): string {
  const wrong = keys.filter(({ findings }) => findings.length > 0);
  const lines = wrong.map(
    ({ name, findings }) => `${chalk.yellow('!')} ${wrap(`${name}: ${findingText(findings)}`, 4)}`,
  );
  return [keyRows(keys), ...(lines.length > 0 ? ['', ...lines] : [])].join('\n');
}

function keyRows(keys: readonly KeyFacts[]): string {
  return table(
    ['key', 'state', 'rotates', 'last', 'next', 'left', ''],
    keys.map((key) => [
      `${key.parent === null ? '' : '  '}${key.name}`,
      key.state,
      key.rotationEnabled ? `${key.rotationPeriodDays} d` : 'off',
      key.lastRotationAt?.slice(0, 10) ?? '',
      `${key.nextRotationAt?.slice(0, 10) ?? ''}${key.rotationDue ? ' due' : ''}`,
      key.onDemandRotationsLeft === null ? '' : String(key.onDemandRotationsLeft),
      key.findings.length > 0 ? '!' : '',
    ]),
  );
}

function stateOf({ name, state, deletionAt }: KeyFacts): string {
  if (state === 'PendingReplicaDeletion') return `${state}: it waits for its last replica to be gone`;
  if (deletionAt === null) return state;
  return `${state}, gone on ${deletionAt}; custody keys cancel-deletion ${name} stops it`;
}

function findingText(findings: readonly Difference[]): string {
  return findings.length === 0 ? '' : findings.map(({ kind, region }) => `${kind} (${region})`).join(', ');
}

/** Everything about one key. */
export function keyScreen(key: KeyFacts): string {
  return [
    heading(`${key.name}  ${key.alias}`),
    pairs([
      ['purpose', key.purpose],
      ['arn', key.arn ?? 'none yet'],
      ['state', stateOf(key)],
      ['replicas', key.replicas.map(({ region, state }) => `${region} ${state ?? 'missing'}`).join(', ') || 'none'],
      ['rotation', key.rotationEnabled ? `every ${key.rotationPeriodDays} days` : 'off'],
      ['last', key.lastRotationAt ?? 'never'],
      ['next', `${key.nextRotationAt ?? 'unknown'}${key.rotationDue ? ` (due: ${key.rotationBecause})` : ''}`],
      [
        'on demand left',
        key.onDemandRotationsLeft === null ? 'unknown' : `${key.onDemandRotationsLeft} of ${ON_DEMAND_LIMIT}`,
      ],
      ['enforcement', `${key.enforcement.level}: ${key.enforcement.because}`],
      ['findings', findingText(key.findings) || 'none'],
    ]),
  ].join('\n');
}
