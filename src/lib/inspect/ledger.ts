import { digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { parseEntry, verifyChain } from '../ledger/chain.js';
import { CHECKPOINT_FOLDER } from '../ledger/checkpoint.js';
import type { LedgerEntry } from '../ledger/entry.js';
import { GrowingTree } from '../ledger/growing-tree.js';
import { hexOf, type RememberedLedger } from '../ledger/memory.js';
import { ledgerPath } from '../ledger/paths.js';
import type { LedgerHead } from '../ledger/store.js';
import { leafHash, type TreeHash } from '../ledger/tree.js';
import { linkFault, readLedgerEntries, readLedgerHead } from '../ledger/view.js';
import { signerOf } from '../quorum/signer.js';
import { type OpenRecord, open } from '../record/envelope.js';
import type { Files, View } from '../record/store.js';
import { isToldBy } from '../request/events.js';
import { parseRoster } from '../roster/format.js';
import type { Roster } from '../roster/roster.js';
import { type Check, type CheckReport, check, verdictOf } from './check.js';
import { judgeCheckpoints, readCheckpoints } from './checkpoints.js';

export interface LedgerReport extends CheckReport {
  readonly head: LedgerHead;
  readonly entries: number;
  /** The first entry that was read: the chain of a repository is always read whole. */
  readonly from: 0;
  /** The root of the tree over all entries, in hex. */
  readonly root: string;
}

/** What else is known of a repository's chain. */
export interface ChainContext {
  readonly origin: string;
  readonly roster: Roster;
  readonly remembered: RememberedLedger | null;
}

export interface VerifiedChain {
  readonly report: LedgerReport;
  /** What a machine may remember of a chain that was verified. */
  readonly toRemember: Omit<RememberedLedger, 'at'> | null;
}

/**
 * The same, and that the chain still leads through what this machine remembers and what custodians signed.
 * @throws CustodyError LEDGER_BROKEN for a gap
 */
export async function verifyChainWith(
  view: View,
  { origin, roster, remembered }: ChainContext,
): Promise<VerifiedChain> {
  const { head, checks: of, ...report } = await verifyLedger(view);
  const files = await view.read(await view.pathsUnder(`${CHECKPOINT_FOLDER}/`));
  const checkpoints = readCheckpoints(files, origin, roster);
  const sizes = new Set([...checkpoints.found.map(({ checkpoint }) => checkpoint.size), remembered?.size ?? 0]);
  const tree = new GrowingTree();
  const roots = new Map([[0, tree.root()]]);
  for (const bytes of await readLedgerEntries(view, 0, head.size)) {
    tree.add(leafHash(bytes));
    if (sizes.has(tree.size)) roots.set(tree.size, tree.root());
  }
  const checks = [
    ...of,
    ...(remembered === null ? [] : [rememberedCheck(remembered, head, roots.get(remembered.size))]),
    judgeCheckpoints(checkpoints, head, (size) => roots.get(size)),
  ];
  const verdict = verdictOf(checks);
  const root = hexOf(tree.root());
  const kept = {
    ...{ schema: 1 as const, size: head.size, root, peaks: tree.peaks.map(hexOf), digest: head.digest },
    ...{ slots: 0, slotsDigest: null, forms: true },
  };
  return { report: { ...report, verdict, checks, head, root }, toRemember: verdict === 'verified' ? kept : null };
}

function rememberedCheck({ size, root, at }: RememberedLedger, head: LedgerHead, found: TreeHash | undefined): Check {
  const detail =
    found === undefined
      ? `the chain ends before entry ${head.size}; on ${at} it had ${size} entries`
      : `entries 0 to ${size - 1} are not those that were verified on ${at}`;
  const holds = found !== undefined && hexOf(found) === root;
  return check('remembered', holds, holds ? `goes on from the ${size} entries that were verified on ${at}` : detail);
}

/**
 * The chain as stored bytes, and the records beside it: each is told of exactly once, and nothing is told of that is
 * not there.
 * @throws CustodyError LEDGER_BROKEN for a gap
 */
export async function verifyLedger(view: View): Promise<Omit<LedgerReport, 'root'>> {
  const head = await readLedgerHead(view);
  const stored = await readLedgerEntries(view, 0, head.size);
  const chain = verifyChain(stored);
  const told = stored.flatMap((bytes, at) => {
    const record = readEntry(bytes)?.record ?? null;
    return record === null ? [] : [{ record, path: ledgerPath(at) }];
  });
  const paths = await view.pathsUnder('records/');
  const files = await view.read(paths);
  const kept = new Map([...files].map(([path, bytes]) => [digestOf(bytes), path]));
  const listed = new Set(told.map(({ record }) => record));
  const gone = told.filter(({ record }) => !kept.has(record));
  const rosters = await readRosters(view);
  const unlisted = [...kept].filter(([digest]) => !listed.has(digest)).map(([, path]) => path);
  // Where a record is gone, what cannot be read is what became of it.
  const isNothing = (path: string) => gone.length === 0 && isStray(files.get(path) ?? new Uint8Array(), rosters);
  const strays = unlisted.filter(isNothing);
  const [fault] = chain.faults;
  const chainDetail = fault ? linkFault(fault) : `${chain.count} entries, head ${chain.head.digest}`;
  const checks = [
    {
      id: 'chain',
      status: chain.verdict === 'verified' ? 'pass' : chain.verdict === 'refused' ? 'fail' : 'skip',
      detail: chainDetail,
    } as const,
    recordsCheck(kept.size, unlisted, strays, gone),
    check(
      'complete',
      gone.length === 0,
      gone.length === 0
        ? 'each entry has its record'
        : `${gone.length} entries tell of records that are not there, ${gone[0]?.path} first`,
    ),
    lastCheck(stored.at(-1), files, kept, rosters),
    check('once', listed.size === told.length, 'no record is told of twice'),
  ];
  return { verdict: verdictOf(checks), checks, head, entries: stored.length, from: 0 };
}

/** Each record has its entry; what is no record needs none. */
function recordsCheck(
  files: number,
  unlisted: readonly string[],
  strays: readonly string[],
  gone: readonly { readonly path: string }[],
): Check {
  const untold = unlisted.filter((path) => !strays.includes(path));
  const told = `each of ${files - strays.length} records has its entry${strayText(strays)}`;
  const detail = `${untold.length} records have no entry, as they are: ${untold[0]}${otherFile(gone)}`;
  return check('records', untold.length === 0, untold.length === 0 ? told : detail);
}

/** One changed byte in the last entry, or in its record, is the fault of one of two files. */
function otherFile([first]: readonly { readonly path: string }[]): string {
  return first === undefined ? '' : `, and ${first.path} tells of one that is not there`;
}

function strayText([first, ...others]: readonly string[]): string {
  if (first === undefined) return '';
  return `; ${first}${others.length === 0 ? ' is no record' : ` and ${others.length} more are no records`} of anybody here, and no matter`;
}

/** An entry that cannot be read is for the chain to name. */
function readEntry(bytes: Uint8Array): LedgerEntry | null {
  try {
    return parseEntry(bytes);
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

/** The chain has nothing after its last entry that would pin it; what that tells of does, and the key that signed it. */
function lastCheck(
  stored: Uint8Array | undefined,
  files: Files,
  kept: ReadonlyMap<string, string>,
  rosters: readonly Roster[],
): Check {
  const entry = stored === undefined ? null : readEntry(stored);
  const path = kept.get(entry?.record ?? '');
  const bytes = path === undefined ? undefined : files.get(path);
  if (entry === null || bytes === undefined) return check('last', true, 'the last entry tells of no record');
  const record = readRecord(bytes);
  const same = record !== null && isToldBy(entry, record, rosters);
  const of = ledgerPath(entry.sequence);
  return check('last', same, same ? `${of} tells of its record as it is` : `${of} does not tell of ${path} as it is`);
}

/** A file that no entry must tell of, as it counts for nothing: no record at all, or of nobody who was ever on a roster. */
function isStray(bytes: Uint8Array, rosters: readonly Roster[]): boolean {
  const record = readRecord(bytes);
  return record === null || rosters.every((roster) => typeof signerOf(record, roster) === 'string');
}

function readRecord(bytes: Uint8Array): OpenRecord | null {
  try {
    return open(bytes);
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

/** Every roster that ever was. */
async function readRosters(view: View): Promise<readonly Roster[]> {
  const files = await view.read(await view.pathsUnder('roster/'));
  return [...files].map(([path, bytes]) => parseRoster(bytes, path));
}

/** @throws CustodyError LEDGER_BROKEN with the first thing that is wrong */
export async function assertLedger(view: View): Promise<void> {
  const { checks } = await verifyLedger(view);
  const wrong = checks.find(({ status }) => status === 'fail');
  if (wrong === undefined) return;
  throw new CustodyError('LEDGER_BROKEN', `the ledger of this repository does not hold: ${wrong.detail}`, {
    details: { checks: checks.filter(({ status }) => status === 'fail') },
    suggestions: ['Do not go on with this remote: compare it with the clone of another custodian.'],
  });
}
