import { counted } from '../base/counted.js';
import { CustodyError } from '../base/errors.js';
import { type Instant, isLaterBy, secondsBetween } from '../base/time.js';
import { type Check, type CheckReport, check, verdictOf } from '../inspect/check.js';
import type { InForce } from '../request/in-force.js';
import type { StatementVerifier } from '../signing/statement-signer.js';
import type { BackupPlace } from './backup.js';
import { readHistory, walk } from './history.js';
import { type Fault, Judge, type Judged, QUESTIONS, type Question } from './judge.js';
import { ledgerCheck, WHAT_NOW } from './ledger-check.js';
import { expirySecondsOf } from './make.js';
import type { Remembered } from './memory.js';
import { MANIFEST_PATH } from './paths.js';
import { nameOfSigner, signerText } from './signer.js';
import { type ToldBackup, type ToldHistory, toldHistory } from './telling.js';

export interface BackupReport extends CheckReport {
  /** The newest backup; null where there is none. */
  readonly newest: {
    readonly sequence: number;
    readonly manifestDigest: string;
    readonly createdAt: Instant;
    readonly expiresAt: Instant;
  } | null;
  readonly backups: number;
  readonly faults: readonly Fault[];
}

export interface Verifying {
  readonly state: InForce;
  readonly place: BackupPlace;
  readonly verifier: StatementVerifier;
  readonly now: Instant;
  /** The first sequence to judge. */
  readonly since: number;
}

const MOST_FAULTS = 100;
const TOLERANCE_SECONDS = 300;
const MEANING: Readonly<Record<Question, string>> = {
  signatures: 'every manifest and heartbeat verifies with a pinned key or identity',
  signers: 'everyone who signed was listed then, and their keys lie beside',
  sequence: 'no backup is missing, double or out of order',
  chain: 'each backup names the one before it',
  lists: 'every SHA256SUMS is the one that was signed',
  files: 'every file is as it is listed, and there is no other',
};

/**
 * Judges the whole history of backups. Never says "verified" of nothing: without a backup it is unproven (T23, T39).
 * What was found good is remembered, and may not be taken back (T30, T38).
 * @throws CustodyError what reading throws
 */
export async function verifyBackups({ state, place, verifier, now, since }: Verifying): Promise<BackupReport> {
  const view = await place.store.local();
  if (view.head === null) return nothing(await place.memory.read());
  const [history, told] = await Promise.all([readHistory(place.store, view.head, verifier), toldHistory(state.view)]);
  const judge = new Judge(history, state, place.isCustody, since);
  await walk(place.store, history, (change, list) => judge.take(change, list));
  judge.faults.push(...lateFaults(certain(told), judge.backups, state, since));
  const remembered = await place.memory.read();
  const newest = judge.backups.at(-1);
  if (newest === undefined && judge.faults.length === 0) return nothing(remembered);
  const checks = [
    ...QUESTIONS.map((question) => questionCheck(question, judge, since)),
    memoryCheck(judge.backups, remembered),
    ledgerCheck(told, judge, place.isCustody, since),
    completeCheck(newest),
    freshCheck(judge, state, now),
  ];
  const verdict = verdictOf(checks);
  const expiresAt = judge.heartbeat?.said.expiresAt ?? newest?.manifest.expiresAt;
  if (newest && expiresAt && verdict === 'verified' && newest.manifest.sequence >= (remembered?.sequence ?? 0)) {
    const { sequence } = newest.manifest;
    await place.memory.write({ schema: 1, sequence, manifest: newest.digest, head: view.head, seenAt: now });
  }
  return {
    verdict,
    checks,
    newest:
      newest && expiresAt
        ? {
            sequence: newest.manifest.sequence,
            manifestDigest: newest.digest,
            createdAt: newest.manifest.createdAt,
            expiresAt,
          }
        : null,
    backups: judge.backups.length,
    faults: judge.faults.slice(0, MOST_FAULTS),
  };
}

/**
 * Before anything is taken from a backup: its history must hold. That it is old or leaves something out is no reason not to use it.
 * @throws CustodyError REFUSED naming the first check that failed; what reading throws
 */
export async function assertHistoryHolds(verifying: Verifying): Promise<void> {
  const { checks } = await verifyBackups(verifying);
  const bad = checks.find(({ id, status }) => status === 'fail' && !OF_AGE.has(id));
  if (bad === undefined) return;
  throw new CustodyError('REFUSED', `the history of backups does not hold (${bad.id}): ${bad.detail}`, {
    details: { check: bad.id },
    suggestions: ['custody policy verify names every fault; nothing of it is used before somebody has looked.'],
  });
}

const OF_AGE: ReadonlySet<string> = new Set(['complete', 'fresh']);

function nothing(remembered: Remembered | null): BackupReport {
  const gone = remembered !== null;
  const detail = gone
    ? `this machine has seen backup ${remembered.sequence}, and here is none`
    : 'there is no backup yet: custody policy backup makes one';
  const checks: readonly Check[] = [{ id: 'backups', status: gone ? 'fail' : 'skip', detail }];
  return { verdict: verdictOf(checks), checks, newest: null, backups: 0, faults: [] };
}

function questionCheck(question: Question, { faults, backups }: Judge, since: number): Check {
  const own = faults.filter((fault) => fault.question === question);
  const more = own.length > 1 ? `; and ${own.length - 1} more` : '';
  const judged = backups.filter(({ manifest }) => manifest.sequence >= since).length;
  if (own[0] === undefined && judged === 0) return { id: question, status: 'skip', detail: 'no backup was judged' };
  return check(
    question,
    own.length === 0,
    own[0] ? `${own[0].message}${more}` : `${MEANING[question]} (${counted(judged, 'backup')})`,
  );
}

/**
 * Whoever has left the roster can date a backup back, and name the roster of that day. Where backups have a repository of their
 * own, only the ledger's order says that they came too late (T27).
 */
function lateFaults(
  told: readonly ToldBackup[],
  backups: readonly Judged[],
  { rosters, plans }: InForce,
  since: number,
): readonly Fault[] {
  const signers = new Map(backups.map(({ manifest, signer }) => [manifest.sequence, signer]));
  return told.flatMap(({ sequence, changed, roster }) => {
    const signer = signers.get(sequence);
    const then = rosters[roster - 1];
    if (!changed || sequence < since || signer === undefined) return [];
    if (then !== undefined && nameOfSigner(signer, [then], plans) !== null) return [];
    const message = `${MANIFEST_PATH} is signed by ${signerText(signer)}, who was not on roster ${roster} when the ledger was told of it (backup ${sequence})`;
    return [{ question: 'signers', message }];
  });
}

function memoryCheck(backups: readonly Judged[], remembered: Remembered | null): Check {
  if (remembered === null)
    return check('memory', true, 'this machine has seen no backup before; it remembers this one from now on');
  const found = backups.find(({ manifest }) => manifest.sequence === remembered.sequence);
  const same = found?.digest === remembered.manifest;
  const detail = same
    ? `backup ${remembered.sequence}, which this machine has seen, is part of it`
    : `this machine has seen backup ${remembered.sequence} (${remembered.manifest}), which is ${found ? 'another one' : 'not'} here: ${WHAT_NOW}`;
  return check('memory', same, detail);
}

/** Which roster was in force is counted from the first entry on: after a gap nobody knows. */
function certain({ told, gap }: ToldHistory): readonly ToldBackup[] {
  return gap === null ? told : told.filter(({ path = '' }) => path < gap);
}

function completeCheck(newest: Judged | undefined): Check {
  if (newest === undefined) return { id: 'complete', status: 'skip', detail: 'there is no backup' };
  const { complete, unreadable, uncovered, inventory, sequence } = newest.manifest;
  const keys = inventory.reduce((sum, { exported }) => sum + exported, 0);
  if (complete) return check('complete', true, `backup ${sequence} holds all ${keys} keys in its scope`);
  const first = unreadable[0];
  const what = first ? [first.region, first.subject, first.part].filter(Boolean).join(' ') : uncovered.join(', ');
  return check(
    'complete',
    false,
    `backup ${sequence} leaves out ${unreadable.length + uncovered.length} things, ${what} among them`,
  );
}

/** Signed lately, by someone who is still listed, and for no longer than the plan allows (T31). */
function freshCheck({ heartbeat, backups }: Judge, state: InForce, now: Instant): Check {
  const newest = backups.at(-1);
  if (newest === undefined) return { id: 'fresh', status: 'skip', detail: 'there is no backup' };
  const { createdAt, expiresAt } = heartbeat?.said ?? newest.manifest;
  const { by, signer } = heartbeat ?? newest;
  const allowed = expirySecondsOf(state.plan.plan);
  const listed = nameOfSigner(signer, [state.roster], [state.plan]) !== null;
  const late = now > expiresAt || secondsBetween(createdAt, now) > allowed;
  const future = isLaterBy(TOLERANCE_SECONDS, now, createdAt);
  if (!listed)
    return check(
      'fresh',
      false,
      `it was signed by ${by ?? 'nobody'}, whom roster and plan do not list any more: back up again`,
    );
  if (future) return check('fresh', false, `it is signed for ${createdAt}, which is in the future`);
  return check(
    'fresh',
    !late,
    late
      ? `nobody has signed since ${createdAt} that it is the newest (custody policy backup does)`
      : `signed ${createdAt} by ${by}, good until ${expiresAt}`,
  );
}
