import { type Digest, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { planDigest } from '../plan/format.js';
import type { Change, CommitId, Files, RecordStore, View } from '../record/store.js';
import type { InForce } from '../request/in-force.js';
import type { Ports } from '../request/ports.js';
import { rosterDigest } from '../roster/format.js';
import type { StatementSigner, StatementVerifier } from '../signing/statement-signer.js';
import { type Exported, type ExportPorts, exportKeys } from './export.js';
import { isSame, type Made, makeAfter, manifestAfter } from './make.js';
import type { ManifestPredicate } from './manifest.js';
import type { BackupMemory } from './memory.js';
import { assertNotBefore, type OpenBackup, openBackupAt } from './newest.js';
import { BACKUP_FOLDER, HEARTBEAT_PATH, MANIFEST_PATH, SEALS, SUMS_PATH } from './paths.js';
import type { Scope } from './scope.js';
import { nameOfSigner, signerText } from './signer.js';
import { formatSortedSums } from './sums.js';
import { eventOf, ledgerAfter, type Told, toldBackups } from './telling.js';

/** A repository of backups: the custody repository, or one of its own. */
export interface BackupPlace {
  readonly store: RecordStore;
  readonly memory: BackupMemory;
  /** False where backups have a repository of their own. */
  readonly isCustody: boolean;
}

/** Who signs, and what lies beside the manifest for people with cosign. */
export interface BackupSigning {
  readonly signer: StatementSigner;
  readonly verifier: StatementVerifier;
  /** Id of the identity that signs, for the ledger. */
  readonly by: string;
  /** `signer.pub` or the trusted root; listed and signed as every other file. */
  readonly beside: Files;
}

export type Sources = Pick<ExportPorts, 'reader' | 'roleId'>;

export interface BackupRun {
  readonly ports: Ports;
  readonly state: InForce;
  readonly place: BackupPlace;
  readonly signing: BackupSigning;
  readonly sources: Sources;
  readonly scope: Scope;
}

export interface BackupDone {
  readonly manifest: ManifestPredicate;
  readonly digest: Digest;
  /** False: nothing has changed, and a heartbeat says so. */
  readonly changed: boolean;
  readonly expiresAt: ManifestPredicate['expiresAt'];
  readonly commit: CommitId;
}

/**
 * Exports the keys in scope, signs and publishes; where nothing has changed, signs that the newest backup still stands.
 * A run that was cut off has published all or nothing, and is simply run again.
 * @throws CustodyError ROLLBACK (T30, T38) · what exporting, signing and publishing throw
 */
export async function backUp(run: BackupRun): Promise<BackupDone> {
  const { ports, place } = run;
  const view = await place.store.sync({ onProgress: ports.progress });
  const remembered = await place.memory.read();
  const newest = await openBackupAt(view, run.signing.verifier, run.state);
  assertNotBefore(remembered, newest);
  await assertInTime(run, newest);
  if (!place.isCustody) await tellLedger(run, newest, null);
  const collected = await collect(run);
  const outcome: { made: Made | null } = { made: null };
  const build = async (on: View): Promise<Change> => {
    await assertSameRules(run, on);
    const before = await openBackupAt(on, run.signing.verifier, run.state);
    assertNotBefore(remembered, before);
    assertKnownRules(run, before);
    const manifest = manifestAfter(run, collected.exported, before);
    outcome.made = await makeAfter(run.signing.signer, before, manifest, collected.sumsBytes);
    return changeOn(run, collected, outcome.made, on);
  };
  const { commit } = await place.store.publish(build, { onProgress: ports.progress });
  const { made } = outcome;
  if (made === null) throw new CustodyError('BUG', 'a backup was published that nobody made');
  await place.memory.write({
    schema: 1,
    sequence: made.manifest.sequence,
    manifest: made.digest,
    head: commit,
    seenAt: ports.clock.now(),
  });
  if (!place.isCustody) await tellLedger(run, null, toldOf(run, made));
  const { manifest, digest, changed, expiresAt } = made;
  return { manifest, digest, changed, expiresAt, commit };
}

/**
 * A backup of one who had left the roster before the ledger was told of it may be made by anybody who has the key: none is made
 * on top of it, and the ledger does not come to know it through us.
 * @throws CustodyError REFUSED (T27)
 */
async function assertInTime({ ports, state }: BackupRun, newest: OpenBackup | null): Promise<void> {
  if (newest === null) return;
  const { sequence } = newest.manifest;
  const told = (await toldBackups(await ports.store.local())).find((one) => one.changed && one.sequence === sequence);
  const then = told === undefined ? state.roster : state.rosters[told.roster - 1];
  if (then !== undefined && nameOfSigner(newest.signer, [then], state.plans) !== null) return;
  const when =
    told === undefined ? 'is not on the roster any more, and the ledger does not know it' : 'had left the roster';
  throw new CustodyError('REFUSED', `backup ${sequence} is signed by ${signerText(newest.signer)}, who ${when}`, {
    suggestions: [
      'Do not back up over it: custody policy verify says more, and whoever runs the remote what happened.',
    ],
  });
}

/** What was read, with its bytes already in the clone. */
interface Collected {
  readonly exported: Exported;
  readonly sumsBytes: Uint8Array;
}

async function collect({ ports, place, signing, sources, scope }: BackupRun): Promise<Collected> {
  const stage = await place.store.stage();
  const put = (_: string, bytes: Uint8Array) => stage.put(bytes);
  const { clock, progress } = ports;
  const exported = await exportKeys({ ...sources, clock, progress, put }, scope);
  for (const [path, bytes] of signing.beside) exported.files.set(path, digestOf(bytes), await stage.put(bytes));
  await stage.end();
  return { exported, sumsBytes: formatSortedSums(exported.files.sums()) };
}

/** What `collect` would publish, without keeping it anywhere. */
export async function rehearseBackup(
  run: BackupRun,
): Promise<{ readonly manifest: ManifestPredicate; readonly changed: boolean }> {
  const { ports, place, signing, sources, scope, state } = run;
  const view = await place.store.sync({ onProgress: ports.progress });
  const before = await openBackupAt(view, signing.verifier, state);
  assertNotBefore(await place.memory.read(), before);
  const { clock, progress } = ports;
  const exported = await exportKeys({ ...sources, clock, progress, put: async () => null }, scope);
  for (const [path, bytes] of signing.beside) exported.files.set(path, digestOf(bytes), null);
  const manifest = manifestAfter(run, exported, before);
  return { manifest, changed: before === null || !isSame(before, manifest, formatSortedSums(exported.files.sums())) };
}

/** Rules may have changed while keys were read: who may sign is for the newest to say. @throws CustodyError CONFLICT */
async function assertSameRules({ place, state }: BackupRun, on: View): Promise<void> {
  if (!place.isCustody) return;
  const [rosters, plans] = [await on.pathsUnder('roster/'), await on.pathsUnder('plan/')];
  if (rosters.length === state.rosters.length && plans.length === state.plans.length) return;
  throw rulesChanged();
}

/** In a repository of its own, a backup by newer rules than ours must not be followed by one of ours. @throws CustodyError CONFLICT */
function assertKnownRules({ state }: BackupRun, before: OpenBackup | null): void {
  if (before === null) return;
  const { rosterDigest: roster, planDigest: plan } = before.manifest;
  const known =
    state.rosters.some((one) => rosterDigest(one) === roster) && state.plans.some((one) => planDigest(one) === plan);
  if (!known) throw rulesChanged();
}

function rulesChanged(): CustodyError {
  return new CustodyError('CONFLICT', 'plan or roster have changed since the keys were read', {
    suggestions: ['Run the command again: it reads by the newest rules.'],
  });
}

/** Everything that belongs to the backup is there afterwards, and nothing else below its folder. */
async function changeOn(run: BackupRun, collected: Collected, made: Made, on: View): Promise<Change> {
  const ledger = run.place.isCustody
    ? await ledgerAfter(on, [eventOf(toldOf(run, made))])
    : new Map<string, Uint8Array>();
  const { sequence } = made.manifest;
  if (!made.changed) {
    const files = new Map([[HEARTBEAT_PATH, made.bundle], ...ledger]);
    return { message: `Backup ${sequence} still stands`, files };
  }
  const files = new Map([[SUMS_PATH, collected.sumsBytes], [MANIFEST_PATH, made.bundle], ...ledger]);
  const staged = collected.exported.files.staged();
  const there = await on.pathsUnder(`${BACKUP_FOLDER}/`);
  const removed = there.filter((path) => !staged.has(path) && (!SEALS.has(path) || path === HEARTBEAT_PATH));
  return { message: `Backup ${sequence}`, files, staged, removed };
}

/** @returns what the ledger is told of a backup */
function toldOf({ signing }: BackupRun, { manifest, digest, changed, createdAt }: Made): Told {
  return { manifest, digest, changed, at: createdAt, by: signing.by };
}

/**
 * Backups elsewhere are told of in the custody repository all the same: a remote that drops the newest is found out. One that
 * an earlier run did not come to tell of is told of now.
 */
async function tellLedger({ ports }: BackupRun, newest: OpenBackup | null, told: Told | null): Promise<void> {
  const events = async (on: View) => {
    const known = await toldBackups(on);
    const untold =
      newest !== null && !known.some(({ sequence, changed }) => changed && sequence === newest.manifest.sequence);
    const { manifest, digest, by } = newest ?? {};
    const late =
      untold && manifest && digest && by ? [{ manifest, digest, changed: true, at: manifest.createdAt, by }] : [];
    return [...late, ...(told === null ? [] : [told])].map(eventOf);
  };
  if ((await events(await ports.store.local())).length === 0) return;
  const build = async (on: View): Promise<Change> => ({
    message: `Backup ${told?.manifest.sequence ?? newest?.manifest.sequence} is told of`,
    files: await ledgerAfter(on, await events(on)),
  });
  await ports.store.publish(build, { onProgress: ports.progress });
}
