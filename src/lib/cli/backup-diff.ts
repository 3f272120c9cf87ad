import { backupAt, newestBackup } from '../backup/at.js';
import {
  diffSides,
  type FieldChange,
  type KeyDifference,
  type Side,
  sideOfBackup,
  sideOfLive,
} from '../backup/diff.js';
import type { Gap } from '../backup/manifest.js';
import type { CheckVerdict } from '../inspect/check.js';
import { casesOf } from '../request/desk.js';
import { knownKeys } from '../request/known-keys.js';
import { plannedSubject } from '../request/subject.js';
import { openPlace } from './backup-place.js';
import { verifierOf } from './backup-trust.js';
import type { Context } from './context.js';
import { differenceBlock } from './policy-screen.js';
import { changeBlock, heading, wrap } from './render.js';

export interface DiffFlags {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface BackupDifferences {
  /** What could not be read on either side may differ: then nothing is verified. */
  readonly verdict: CheckVerdict;
  readonly from: number | 'live';
  readonly to: number | 'live';
  readonly differences: readonly KeyDifference[];
  readonly unreadable: readonly Gap[];
}

/** A backup against KMS, or two backups. @throws CustodyError NOT_FOUND and what reading throws */
export async function diffFor(context: Context, key: string | undefined, flags: DiffFlags): Promise<BackupDifferences> {
  const state = await context.lookUp('remote-if-reachable');
  const desk = await context.desk();
  const { plan } = state.plan;
  const place = await openPlace(context, desk, state);
  if (!place.isCustody) await place.store.sync({ onProgress: desk.ports.progress });
  const verifier = verifierOf(state, { folder: desk.folder, store: place.store });
  const newest = await newestBackup(place, verifier, state);
  const at = async (sequence: number) => sideOfBackup(await backupAt(place, verifier, state, sequence));
  const from = flags.from === undefined ? sideOfBackup(newest) : await at(flags.from);
  const live = async (): Promise<Side> => {
    const { reader, authority } = await context.access.aws(plan);
    const { cases } = await casesOf(desk.ports, state);
    const { clock, progress } = desk.ports;
    const regions = newest.manifest.inventory.map(({ region }) => region);
    const scope = { kind: newest.manifest.scope, plan, known: knownKeys(plan, cases), regions };
    return sideOfLive({ reader, roleId: authority.roleId, clock, progress }, scope);
  };
  const to = flags.to === undefined ? await live() : await at(flags.to);
  const found = await diffSides(from, to, plan);
  const alias = key === undefined ? undefined : (plannedSubject(plan, key)?.planned.alias ?? key);
  const differences = found.filter(
    ({ aliases, keyId }) => alias === undefined || aliases.includes(alias) || keyId === alias,
  );
  const unreadable = [...from.unreadable, ...to.unreadable];
  const verdict = differences.length > 0 ? 'refused' : unreadable.length > 0 ? 'unproven' : 'verified';
  return { verdict, from: from.name, to: to.name, differences, unreadable };
}

/** Key by key: who gains and loses what, then every other field that differs. */
export function diffText({ from, to, differences, unreadable }: BackupDifferences, account: string): string {
  const name = (side: number | 'live') => (side === 'live' ? 'live' : `backup ${side}`);
  const gaps =
    unreadable.length === 0
      ? []
      : ['', wrap(`${unreadable.length} things could not be read on one side or the other.`, 0)];
  if (differences.length === 0) return [`No difference between ${name(from)} and ${name(to)}.`, ...gaps].join('\n');
  return [`From ${name(from)} to ${name(to)}:`, ...differences.map((one) => keyText(one, account)), ...gaps].join('\n');
}

function keyText({ region, keyId, aliases, change, policy, changes }: KeyDifference, account: string): string {
  return [
    '',
    heading(`${aliases[0] ?? keyId} (${region}): ${change}`),
    ...(policy.length > 0 ? [differenceBlock(policy, account)] : []),
    ...changes.map(fieldText),
  ].join('\n');
}

function fieldText({ file, path, from, to }: FieldChange): string {
  const text = (value: FieldChange['from']) =>
    value === null ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value);
  return changeBlock([file, path].filter(Boolean).join(' '), text(from), text(to));
}
