import chalk from 'chalk';
import type { Difference } from '../plan/estate.js';
import { ON_DEMAND_LIMIT } from '../plan/rotation-due.js';
import { enforcementText } from '../policy/enforcement.js';
import type { KeyFacts } from '../status/key-facts.js';
import { heading, pairs, table, wrap } from './render.js';

/** The hierarchy, a line a key; below it what is not as planned. */
export function keyTable(keys: readonly KeyFacts[]): string {
  const wrong = keys.filter(({ findings }) => findings.length > 0);
  const lines = wrong.map(
    ({ name, findings }) => `${chalk.yellow('!')} ${wrap(`${name}: ${findingText(findings)}`, 4)}`,
  );
  const head = 'Not as planned (custody plan diff says how):';
  return [keyRows(keys), ...(lines.length > 0 ? ['', head, ...lines] : [])].join('\n');
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
      ['enforcement', enforcementText(key.enforcement)],
      ['findings', findingText(key.findings) || 'none'],
    ]),
  ].join('\n');
}
