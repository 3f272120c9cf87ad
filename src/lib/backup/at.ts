import { CustodyError } from '../base/errors.js';
import type { CommitId, RecordStore } from '../record/store.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import type { BackupPlace } from './backup.js';
import { readHistory } from './history.js';
import { MANIFEST_TYPE } from './manifest.js';
import { assertNotBefore, type OpenBackup, openBackupAt, type Rules } from './newest.js';
import { MANIFEST_PATH } from './paths.js';

/**
 * The newest backup of what this clone has; it is not older than what this machine has seen.
 * @throws CustodyError NOT_FOUND where there is none · ROLLBACK · what opening throws
 */
export async function newestBackup(
  { store, memory }: BackupPlace,
  verifier: StatementVerifier,
  rules: Rules,
): Promise<OpenBackup> {
  const found = await openBackupAt(await store.local(), verifier, rules);
  assertNotBefore(await memory.read(), found);
  if (found !== null) return found;
  throw new CustodyError('NOT_FOUND', 'there is no backup yet', { suggestions: ['custody policy backup makes one.'] });
}

/** An earlier backup by its sequence. @throws CustodyError NOT_FOUND · what opening throws */
export async function backupAt(
  { store }: Pick<BackupPlace, 'store'>,
  verifier: StatementVerifier,
  rules: Rules,
  sequence: number,
): Promise<OpenBackup> {
  const commit = await commitOf(store, verifier, sequence);
  const found = commit === null ? null : await openBackupAt(await store.at(commit), verifier, rules);
  if (found?.manifest.sequence === sequence) return found;
  throw new CustodyError('NOT_FOUND', `there is no backup ${sequence}`, {
    suggestions: ['custody policy verify says which there are.'],
  });
}

async function commitOf(store: RecordStore, verifier: StatementVerifier, sequence: number): Promise<CommitId | null> {
  const { head } = await store.local();
  if (head === null) return null;
  const { changes, seals } = await readHistory(store, head, verifier);
  const found = changes.find(({ files }) =>
    files.some(({ path, blob }) => {
      const seal = path === MANIFEST_PATH && blob !== null ? seals.get(blob) : undefined;
      return (
        seal !== undefined &&
        'statement' in seal &&
        seal.statement.type === MANIFEST_TYPE &&
        seal.statement.predicate.sequence === sequence
      );
    }),
  );
  return found?.commit ?? null;
}
