import { type BackupReport, verifyBackups } from '../backup/verify.js';
import { CustodyError } from '../base/errors.js';
import { requireFolder } from '../fs/folder.js';
import { type Damage, findDamage } from '../git/intact.js';
import { type Check, check, verdictOf } from '../inspect/check.js';
import { verifyLedger } from '../inspect/ledger.js';
import { openPlace } from './backup-place.js';
import { verifierOf } from './backup-trust.js';
import { checksText } from './checks.js';
import type { Context } from './context.js';

export interface VerifyFlags {
  readonly since?: number | undefined;
  readonly offline: boolean;
}

/**
 * Backups from the first one on, the ledger and records beside which they lie, and the clone that they are read from. Where that is
 * damaged and cannot be read for it, the damage alone is the answer.
 */
export async function verifyBackupsFor(context: Context, flags: VerifyFlags): Promise<BackupReport> {
  const looks: Promise<readonly Damage[]>[] = [];
  const look = (dir: string): void => {
    const found = findDamage(dir, context.environment);
    // Where reading fails for another reason, nobody asks for this any more.
    found.catch(() => undefined);
    looks.push(found);
  };
  look(await requireFolder(context.flags.repo, process.cwd()));
  try {
    const report = await judged(context, flags, look);
    const checks = [await objectsCheck(looks), ...report.checks];
    return { ...report, verdict: verdictOf(checks), checks };
  } catch (cause) {
    const objects = await objectsCheck(looks);
    if (!(cause instanceof CustodyError) || objects.status === 'pass') throw cause;
    return { verdict: verdictOf([objects]), checks: [objects], newest: null, backups: 0, faults: [] };
  }
}

async function judged(
  context: Context,
  { since = 1, offline }: VerifyFlags,
  look: (dir: string) => void,
): Promise<BackupReport> {
  const desk = await context.desk();
  const state = await context.lookUp(offline ? 'local' : 'remote-if-reachable');
  const place = await openPlace(context, desk, state);
  if (!place.isCustody) look(place.dir);
  if (!place.isCustody && !offline) await place.store.sync({ onProgress: desk.ports.progress });
  const now = desk.ports.clock.now();
  const verifier = verifierOf(state, { folder: desk.folder, store: place.store });
  const report = await verifyBackups({ state, place, verifier, now, since });
  const { checks } = await verifyLedger(state.view);
  return { ...report, checks: [...report.checks, ...checks.map((one) => ({ ...one, id: `custody-${one.id}` }))] };
}

async function objectsCheck(looks: readonly Promise<readonly Damage[]>[]): Promise<Check> {
  const found = (await Promise.all(looks)).flat();
  const [first] = found;
  if (first === undefined) return check('objects', true, 'every object and ref of this clone is as Git wrote it');
  const more = found.length > 1 ? `; and ${found.length - 1} more` : '';
  const held = first.paths.length > 0 ? ` (${first.paths.slice(0, 3).join(', ')})` : '';
  return check('objects', false, `${first.file}${held}: ${first.because}${more}`);
}

export function verifyText({ verdict, checks }: BackupReport): string {
  return checksText(verdict, checks);
}
