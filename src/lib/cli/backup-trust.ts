import type { BackupPlace } from '../backup/backup.js';
import { parseBackupStatement } from '../backup/manifest.js';
import { BACKUP_FOLDER, TRUSTED_ROOT_PATH } from '../backup/paths.js';
import { type Digest, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { PublicKey } from '../base/signature.js';
import { planDigest } from '../plan/format.js';
import type { SigstorePlan } from '../plan/plan.js';
import type { BlobId } from '../record/store.js';
import type { InForce } from '../request/in-force.js';
import { identitiesOf } from '../roster/rules.js';
import { keyStatementVerifier } from '../signing/key-statement.js';
import { parsePinnedRoot, type TrustedRoot } from '../signing/sigstore/trusted-root.js';
import { createStatementVerifier } from '../signing/sigstore/verify.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import { readRootFile } from './trust.js';

/** Where trusted roots may lie; whichever file has the digest that a plan pins is the one. */
export interface RootSources {
  /** The folder with the draft. */
  readonly folder: string;
  readonly store: BackupPlace['store'];
}

type Rules = Pick<InForce, 'rosters' | 'plans'>;
type Opened = Awaited<ReturnType<StatementVerifier['open']>>;

/**
 * Opens what keys of any roster in force signed, and what identities of any plan in force did, by the trusted root of that
 * plan. Which rules could sign when is for the walk through the history to say; that a statement is proven by the
 * root of the very plan that it names is said here, or an old root would go on for ever.
 */
export function verifierOf(rules: Rules, sources: RootSources): StatementVerifier {
  const keys = rules.rosters.flatMap((roster) => [...identitiesOf(roster).values()].map(({ key }) => key));
  const bare = keyStatementVerifier(keys);
  const trusts = trustsOf(rules, keys, sources);
  return { open: (bundle) => (isWitnessed(bundle) ? openWitnessed(bundle, trusts) : bare.open(bundle)) };
}

const WITNESSES = ['"certificate"', '"tlogEntries"', '"timestampVerificationData"'];

/** Names of fields stand nowhere else in a bundle; with its names written otherwise it is refused as malformed. */
function isWitnessed(bundle: Uint8Array): boolean {
  const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  return WITNESSES.some((name) => bytes.includes(name));
}

/** What one rule of a plan, or of several plans, has signers trusted by. */
interface PlannedTrust {
  readonly plans: ReadonlySet<Digest>;
  readonly verifier: () => Promise<StatementVerifier>;
}

/** Newest first; plans that say the same of Sigstore are one. */
function trustsOf({ plans }: Rules, keys: readonly PublicKey[], sources: RootSources): readonly PlannedTrust[] {
  const groups = new Map<string, { readonly sigstore: SigstorePlan; readonly plans: Set<Digest> }>();
  for (const plan of plans) {
    const { sigstore } = plan.plan;
    if (!sigstore) continue;
    const name = JSON.stringify([sigstore.trustedRoot, sigstore.identities]);
    const group = groups.get(name) ?? { sigstore, plans: new Set<Digest>() };
    groups.set(name, group);
    group.plans.add(planDigest(plan));
  }
  return [...groups.values()].reverse().map(({ sigstore, plans: own }) => {
    let found: StatementVerifier | undefined;
    const verifier = async () => {
      const root = found ? null : await rootOf(sigstore.trustedRoot, sources);
      found ??= createStatementVerifier({ keys, identities: sigstore.identities, root });
      return found;
    };
    return { plans: own, verifier };
  });
}

async function openWitnessed(bundle: Uint8Array, trusts: readonly PlannedTrust[]): Promise<Opened> {
  let refused = new CustodyError('SIGNER_UNKNOWN', 'a Sigstore instance vouches for its signer, and no plan names one');
  for (const [at, { plans, verifier }] of trusts.entries()) {
    try {
      const opened = await (await verifier()).open(bundle);
      const { predicate } = parseBackupStatement(opened.statement, 'what it signs');
      if (plans.has(predicate.planDigest)) return opened;
      throw new CustodyError('SIGNER_UNKNOWN', 'the plan that it names pins another trusted root, or lists others');
    } catch (cause) {
      if (!(cause instanceof CustodyError)) throw cause;
      // What the newest rules say of it is what people want to know.
      if (at === 0) refused = cause;
    }
  }
  throw refused;
}

/**
 * The trusted root with a digest: beside the draft, else published with a backup, in whichever commit. Trust comes from the
 * digest alone.
 * @throws CustodyError UNPROVEN where nobody has it
 */
async function rootOf(pinned: string, { folder, store }: RootSources): Promise<TrustedRoot> {
  const near = await readRootFile(folder);
  const bytes = near !== null && digestOf(near) === pinned ? near : await publishedRoot(pinned, store);
  if (bytes !== null) return parsePinnedRoot(bytes, pinned, TRUSTED_ROOT_PATH);
  throw new CustodyError(
    'UNPROVEN',
    'the trusted root that a plan pins is neither in this folder nor in the repository',
    {
      details: { expected: pinned },
      suggestions: ['custody trust update gets it; custody trust update --from FILE takes it from a file.'],
    },
  );
}

async function publishedRoot(pinned: string, store: BackupPlace['store']): Promise<Uint8Array | null> {
  const { head } = await store.local();
  if (head === null) return null;
  const blobs = new Set<BlobId>();
  for (const { files } of await store.changesUnder(head, [BACKUP_FOLDER])) {
    for (const { path, blob } of files) if (path === TRUSTED_ROOT_PATH && blob !== null) blobs.add(blob);
  }
  let found: Uint8Array | null = null;
  await store.readBlobs([...blobs], (_, bytes) => {
    if (digestOf(bytes) === pinned) found = Uint8Array.from(bytes);
  });
  return found;
}
