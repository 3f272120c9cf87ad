import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import type { BackupPlace } from './backup.js';
import { HEARTBEAT_TYPE, parseBackupStatement } from './manifest.js';
import { assertNotBefore, named, type OpenBackup, openBackupAt, type Rules } from './newest.js';
import { HEARTBEAT_PATH } from './paths.js';
import { nameOfSigner } from './signer.js';

/** How the newest backup stands, at a glance; `policy verify` judges the whole history. */
export interface Standing {
  readonly sequence: number;
  /** When it was last signed that it is the newest. */
  readonly at: Instant;
  readonly expiresAt: Instant;
  /** How many things it leaves out. */
  readonly missing: number;
  readonly complete: boolean;
  readonly signer: OpenBackup['signer'];
}

/**
 * The newest backup of what this clone has, with the heartbeat that renews it; null where there is none.
 * @throws CustodyError ROLLBACK (T30) · REFUSED for a heartbeat of another backup · what opening throws
 */
export async function standingOf(
  { store, memory }: BackupPlace,
  verifier: StatementVerifier,
  rules: Rules,
): Promise<Standing | null> {
  const found = await openBackupAt(await store.local(), verifier, rules);
  assertNotBefore(await memory.read(), found);
  if (found === null) return null;
  const { sequence, createdAt, expiresAt, complete, unreadable, uncovered } = found.manifest;
  const missing = unreadable.length + uncovered.length;
  const beat = await beatOf(found, verifier, rules);
  return { sequence, at: createdAt, expiresAt, complete, missing, signer: found.signer, ...beat };
}

async function beatOf({ view, digest }: OpenBackup, verifier: StatementVerifier, rules: Rules) {
  const bytes = (await view.pathsUnder(HEARTBEAT_PATH)).includes(HEARTBEAT_PATH)
    ? (await view.read([HEARTBEAT_PATH])).get(HEARTBEAT_PATH)
    : undefined;
  if (bytes === undefined) return null;
  const { statement, signer } = await named(HEARTBEAT_PATH, () => verifier.open(bytes));
  const said = parseBackupStatement(statement, HEARTBEAT_PATH);
  const fits =
    said.type === HEARTBEAT_TYPE &&
    said.predicate.manifest === digest &&
    nameOfSigner(signer, rules.rosters, rules.plans) !== null;
  if (!fits) throw new CustodyError('REFUSED', `${HEARTBEAT_PATH} is of another backup, or by nobody who is listed`);
  const { createdAt: at, expiresAt } = said.predicate;
  return { at, expiresAt, signer };
}
