import { type Digest, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { View } from '../record/store.js';
import type { InForce } from '../request/in-force.js';
import type { StatementSignerIdentity, StatementVerifier } from '../signing/statement-signer.js';
import { MANIFEST_TYPE, type ManifestPredicate, parseBackupStatement } from './manifest.js';
import type { Remembered } from './memory.js';
import { BACKUP_FOLDER, MANIFEST_PATH, SUMS_PATH, type Sum } from './paths.js';
import { nameOfSigner } from './signer.js';
import { parseSums } from './sums.js';

/** The backup that a commit holds, its signature and its list verified; its files not yet. */
export interface OpenBackup {
  /** SHA-256 of the manifest file: what the next one names. */
  readonly digest: Digest;
  readonly manifest: ManifestPredicate;
  readonly signer: StatementSignerIdentity;
  /** Id of the one who signed, as the roster knows it. */
  readonly by: string;
  readonly sums: readonly Sum[];
  readonly sumsBytes: Uint8Array;
  readonly view: View;
}

/** Of what is in force, as much as judging a signer takes. */
export type Rules = Pick<InForce, 'roster' | 'rosters' | 'plans'>;

/**
 * Opens the backup that a commit holds; null where there is none.
 * @throws CustodyError RECORD_MALFORMED, SIGNATURE_INVALID, SIGNER_UNKNOWN · REFUSED for a manifest of other files or another
 *   repository
 */
export async function openBackupAt(view: View, verifier: StatementVerifier, rules: Rules): Promise<OpenBackup | null> {
  const paths = await view.pathsUnder(`${BACKUP_FOLDER}/`);
  if (paths.length === 0) return null;
  if (!paths.includes(MANIFEST_PATH) || !paths.includes(SUMS_PATH))
    throw refused(`there are files below ${BACKUP_FOLDER}/, but no ${MANIFEST_PATH} with ${SUMS_PATH}`);
  const files = await view.read([MANIFEST_PATH, SUMS_PATH]);
  const [bundle, sumsBytes] = [files.get(MANIFEST_PATH), files.get(SUMS_PATH)];
  if (!bundle || !sumsBytes) throw refused(`${MANIFEST_PATH} cannot be read`);
  const { statement, signer } = await named(MANIFEST_PATH, () => verifier.open(bundle));
  const said = parseBackupStatement(statement, MANIFEST_PATH);
  if (said.type !== MANIFEST_TYPE) throw refused(`${MANIFEST_PATH} is no manifest but a heartbeat`);
  if (said.subject !== digestOf(sumsBytes)) throw refused(`${SUMS_PATH} is not the list that ${MANIFEST_PATH} signs`);
  if (said.predicate.repository !== rules.roster.repository) throw refused(`${MANIFEST_PATH} is of another repository`);
  const by = signerName(signer, rules);
  const sums = parseSums(sumsBytes, SUMS_PATH);
  return { digest: digestOf(bundle), manifest: said.predicate, signer, by, sums, sumsBytes, view };
}

/** Any rules that were in force: whether they were the right ones then is for the walk through the history to say. */
function signerName(signer: StatementSignerIdentity, { rosters, plans }: Rules): string {
  const name = nameOfSigner(signer, rosters, plans);
  if (name) return name;
  throw new CustodyError('SIGNER_UNKNOWN', `${MANIFEST_PATH} is signed by one whom neither roster nor plan lists`);
}

/** An error about one file says which. */
export async function named<T>(path: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    const { details = {}, suggestions } = cause;
    throw new CustodyError(cause.code, `${path}: ${cause.message}`, {
      details: { ...details, path },
      suggestions,
      cause,
    });
  }
}

function refused(what: string): CustodyError {
  return new CustodyError('REFUSED', what, {
    suggestions: ['custody policy verify names every file that is not as it was signed.'],
  });
}

/**
 * The newest backup must not be older than, or another one than, what this machine has seen.
 * @throws CustodyError ROLLBACK (T30, T38)
 */
export function assertNotBefore(
  remembered: Remembered | null,
  newest: Pick<OpenBackup, 'digest' | 'manifest'> | null,
): void {
  if (remembered === null) return;
  const { sequence } = newest?.manifest ?? { sequence: 0 };
  if (sequence > remembered.sequence) return;
  if (sequence === remembered.sequence && newest?.digest === remembered.manifest) return;
  const found = newest === null ? 'none' : sequence === remembered.sequence ? 'another one' : `${sequence}`;
  throw new CustodyError(
    'ROLLBACK',
    `this machine has seen backup ${remembered.sequence}; the newest here is ${found}`,
    {
      details: {
        expected: { sequence: remembered.sequence, manifest: remembered.manifest },
        found: newest?.digest ?? null,
      },
      suggestions: [
        'Do not back up over it. Ask the other custodians which backup they have seen, and look at the mirrors.',
        'Whoever runs the remote has to say what happened to its branch main.',
      ],
    },
  );
}

/**
 * Files of a backup, each as its list says.
 * @throws CustodyError REFUSED naming the file
 */
export async function readListed({ view, sums }: Pick<OpenBackup, 'view' | 'sums'>, paths: readonly string[]) {
  const digests = new Map(sums.map(({ path, digest }) => [path, digest]));
  const files = await view.read(paths.filter((path) => digests.has(path)));
  for (const [path, bytes] of files) {
    if (digestOf(bytes) !== digests.get(path)) throw refused(`${path} is not the file that was backed up`);
  }
  return files;
}
