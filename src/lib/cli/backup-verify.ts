import { type BackupReport, verifyBackups } from '../backup/verify.js';
import { verdictOf } from '../inspect/check.js';
import { verifyLedger } from '../inspect/ledger.js';
import { openPlace } from './backup-place.js';
import { verifierOf } from './backup-trust.js';
import { checksText } from './checks.js';
import type { Context } from './context.js';

export interface VerifyFlags {
  readonly since?: number | undefined;
  readonly offline: boolean;
}

/** Backups from the first one on, and the ledger and records beside which they lie. */
export async function verifyBackupsFor(context: Context, { since = 1, offline }: VerifyFlags): Promise<BackupReport> {
  const state = await context.lookUp(offline ? 'local' : 'remote-if-reachable');
  const desk = await context.desk();
  const place = await openPlace(context, desk, state);
  if (!place.isCustody && !offline) await place.store.sync({ onProgress: desk.ports.progress });
  const now = desk.ports.clock.now();
  const verifier = verifierOf(state, { folder: desk.folder, store: place.store });
  const report = await verifyBackups({ state, place, verifier, now, since });
  const { checks } = await verifyLedger(state.view);
  const all = [...report.checks, ...checks.map((one) => ({ ...one, id: `custody-${one.id}` }))];
  return { ...report, verdict: verdictOf(all), checks: all };
}

export function verifyText({ verdict, checks }: BackupReport): string {
  return checksText(verdict, checks);
}
