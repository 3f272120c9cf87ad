import type { BackupPlace } from '../backup/backup.js';
import { diffSides, type KeyDifference, sideOfBackup, sideOfLive } from '../backup/diff.js';
import { HEARTBEAT_TYPE, parseBackupStatement } from '../backup/manifest.js';
import { type OpenBackup, openBackupAt } from '../backup/newest.js';
import { HEARTBEAT_PATH } from '../backup/paths.js';
import { type BackupReport, verifyBackups } from '../backup/verify.js';
import { CustodyError } from '../base/errors.js';
import { type Instant, secondsBetween } from '../base/time.js';
import { parseEntry } from '../ledger/chain.js';
import { type LedgerTree, readLedgerEntries, readLedgerHead } from '../ledger/view.js';
import { knownKeys } from '../request/known-keys.js';
import type { ScratchReceipt } from './evidence.js';
import type { Copy, Scene } from './ports.js';
import { type Answer, fail, open, type Probe, pass, passIf } from './probe.js';
import { ownKeys, placeName } from './scratch.js';

/** What the other drills and the evidence need to know of backups. */
export interface BackupFindings {
  readonly newest: OpenBackup | null;
  /** When somebody last signed that it is the newest state. */
  readonly signedAt: Instant | null;
  /** Keys that are not as the newest backup holds them; null where not every key was compared. */
  readonly changed: readonly KeyDifference[] | null;
  /** Of the ledger's entries that no copy has; null where some copy has all, `unknown` where nobody can tell. */
  readonly oldestUncopied: Instant | null | 'unknown';
}

const NONE = 'there is no backup';
const UNREAD: BackupReport = { verdict: 'unproven', checks: [], newest: null, backups: 0, faults: [] };
/** What a report of `policy verify` says of the history, and what of the newest backup alone. */
const OF_THE_NEWEST = new Set(['complete', 'fresh']);

/** History, completeness and age of the backups, here and in each copy. */
export async function drillBackup(
  scene: Scene,
  probe: Probe,
  swept: readonly ScratchReceipt[] = [],
): Promise<BackupFindings> {
  const { place, verifier, state } = scene;
  const now = scene.ports.clock.now();
  let report = UNREAD;
  let newest: OpenBackup | null = null;
  await probe.ask('history', null, async () => {
    report = await verifyBackups({ state, place, verifier, now, since: 1 });
    newest = report.newest === null ? null : await openBackupAt(await place.store.local(), verifier, state);
    return historyAnswer(report);
  });
  await probe.ask('complete', null, () => ofTheNewest(report, 'complete'));
  let changed: readonly KeyDifference[] | null = null;
  await probe.ask('live', null, () =>
    liveAnswer(scene, newest, ownKeys(scene, swept), (differences) => {
      changed = differences;
    }),
  );
  let signedAt: Instant | null = null;
  await probe.ask('age', null, async () => {
    signedAt = newest === null ? null : await signedAtOf(scene, newest);
    return ageAnswer(report, signedAt, state.plan.plan.recovery.rpoSeconds, now);
  });
  const lags: Lag[] = [];
  if (scene.copies.length === 0)
    await probe.ask('copies', null, () => open('the plan names no mirror, and there is no remote'));
  for (const [at, copy] of scene.copies.entries())
    await probe.ask(`copy-${at + 1}`, null, () => copyAnswer(scene, copy, newest, (lag) => lags.push(lag)));
  // Where backups have a repository of their own, copies of it have nothing of the ledger.
  const asked = place.isCustody && scene.copies.length > 0;
  return { newest, signedAt, changed, oldestUncopied: asked ? bestOf(lags) : null };
}

/** What a copy lacks of the ledger: from when on; null where it has all. */
type Lag = BackupFindings['oldestUncopied'];

/** The best copy counts: from it everything would be brought back. What is not known is no better than the worst. */
function bestOf(lags: readonly Lag[]): Lag {
  if (lags.includes(null)) return null;
  const known = lags.filter((lag) => lag !== null && lag !== 'unknown').sort();
  return known.at(-1) ?? 'unknown';
}

function historyAnswer({ checks, backups, newest }: BackupReport): Answer {
  const own = checks.filter(({ id }) => !OF_THE_NEWEST.has(id));
  const bad = own.find(({ status }) => status === 'fail');
  if (bad) return fail(`${bad.id}: ${bad.detail}`);
  const unproven = own.find(({ status }) => status === 'skip');
  if (unproven) return open(unproven.detail);
  return pass(`${backups} backups, each as it was signed and after the one before; the newest is ${newest?.sequence}`);
}

function ofTheNewest({ checks }: BackupReport, id: string): Answer {
  const found = checks.find((one) => one.id === id);
  return found ? { status: found.status, detail: found.detail } : open(NONE);
}

/** Keys that came or went since the backup; what changed of a key, the drill of policies says. */
async function liveAnswer(
  { ports, aws, state, cases }: Scene,
  newest: OpenBackup | null,
  own: ReadonlySet<string>,
  keep: (differences: readonly KeyDifference[]) => void,
): Promise<Answer> {
  if (newest === null) return open(NONE);
  const { plan } = state.plan;
  const scope = {
    kind: newest.manifest.scope,
    plan,
    known: knownKeys(plan, cases),
    regions: [plan.regions.primary, ...plan.regions.replicas],
  };
  const { clock, progress } = ports;
  const live = await sideOfLive({ reader: aws.reader, roleId: aws.authority.roleId, clock, progress }, scope);
  const backup = sideOfBackup(newest);
  const all = await diffSides(backup, live, plan);
  const differences = all.filter((one) => !own.has(placeName(one)));
  if (live.unreadable.length === 0) keep(differences);
  const unread = live.unreadable.filter(({ part }) => part === 'keys' || part === 'aliases' || part === 'key');
  const added = differences.filter(({ change }) => change === 'added');
  const readable = new Set(unread.map(({ region }) => region));
  const removed = differences.filter(({ change, region }) => change === 'removed' && !readable.has(region));
  const [first] = [...added, ...removed];
  if (first) {
    const name = first.aliases[0] ?? first.keyId;
    const what = first.change === 'added' ? 'is not in the backup' : 'is in the backup, and not at KMS';
    return fail(`${name} in ${first.region} ${what}`);
  }
  const [gap] = unread;
  if (gap) return open(`${gap.region ?? 'a Region'} could not be read: ${gap.code}`);
  return pass('every key at KMS is in the backup, in every Region, and the reverse');
}

async function signedAtOf({ verifier }: Scene, { view, digest, manifest }: OpenBackup): Promise<Instant> {
  if (!(await view.pathsUnder('backups/')).includes(HEARTBEAT_PATH)) return manifest.createdAt;
  const bytes = (await view.read([HEARTBEAT_PATH])).get(HEARTBEAT_PATH) ?? new Uint8Array();
  const said = parseBackupStatement((await verifier.open(bytes)).statement, HEARTBEAT_PATH);
  return said.type === HEARTBEAT_TYPE && said.predicate.manifest === digest
    ? said.predicate.createdAt
    : manifest.createdAt;
}

function ageAnswer(report: BackupReport, signedAt: Instant | null, rpoSeconds: number, now: Instant): Answer {
  if (signedAt === null) return open(NONE);
  const fresh = ofTheNewest(report, 'fresh');
  const age = Math.round(secondsBetween(signedAt, now));
  if (fresh.status === 'fail') return fresh;
  return passIf(
    age <= rpoSeconds,
    `signed ${age} s ago; the plan allows ${rpoSeconds} s`,
    `signed ${age} s ago, and the plan allows ${rpoSeconds} s`,
  );
}

/** A clone from nothing: its history verifies by itself, and it holds what is the newest here. */
async function copyAnswer(
  scene: Scene,
  copy: Copy,
  newest: OpenBackup | null,
  lag: (oldest: Lag) => void,
): Promise<Answer> {
  const { state, verifier, ports } = scene;
  return copy.use(async (place: BackupPlace) => {
    const now = ports.clock.now();
    const report = await verifyBackups({ state, place, verifier, now, since: 1 });
    if (place.isCustody) lag(await oldestMissing(scene, place));
    if (newest === null) return open(`${copy.name}: ${NONE}`);
    if (report.newest === null) return fail(`${copy.name}: it has no backup that could be opened`);
    const history = historyAnswer(report);
    if (history.status !== 'pass') return { ...history, detail: `${copy.name}: ${history.detail}` };
    const found = report.newest;
    return passIf(
      found?.manifestDigest === newest.digest,
      `${copy.name}: cloned from nothing and verified up to backup ${found?.sequence}`,
      `${copy.name}: its newest backup is ${found?.sequence ?? 'none'}, here it is ${newest.manifest.sequence}`,
    );
  });
}

/** When the first entry of our ledger was written that the copy does not have; null where it has all. */
async function oldestMissing({ state }: Scene, { store }: BackupPlace): Promise<Lag> {
  const own = await ownHead(state.view);
  if (own === null) return 'unknown';
  const theirs = await readLedgerHead(await store.local());
  if (theirs.size >= own.size) return null;
  const [entry] = await readLedgerEntries(state.view, theirs.size, theirs.size + 1);
  return entry === undefined ? null : parseEntry(entry).at;
}

/** Null where entries are missing: how far a whole one would go is not known. */
async function ownHead(view: LedgerTree) {
  try {
    return await readLedgerHead(view);
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'LEDGER_BROKEN') return null;
    throw cause;
  }
}
