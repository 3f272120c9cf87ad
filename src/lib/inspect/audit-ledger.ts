import { readAhead } from '../ledger/ahead.js';
import { CHECKPOINT_FOLDER } from '../ledger/checkpoint.js';
import { judgeHistories } from '../ledger/histories.js';
import { hexOf, type RememberedLedger, rootsOf } from '../ledger/memory.js';
import { isRefused, type ObjectStore, readOrNone } from '../ledger/objects.js';
import { AT_GENESIS, LedgerScan } from '../ledger/scan.js';
import { slotName } from '../ledger/slot.js';
import type { LedgerHead } from '../ledger/store.js';
import { readTile } from '../ledger/subtrees.js';
import { type RememberedTail, tailFault } from '../ledger/tail-memory.js';
import { TILE_WIDTH } from '../ledger/tiles.js';
import type { TreeHash } from '../ledger/tree.js';
import type { LedgerTree } from '../ledger/view.js';
import { FIRST_SLOT, walkSlots } from '../ledger/walk.js';
import type { Roster } from '../roster/roster.js';
import { type VerifyDepth, type Walked, type WalkQuestion, walk } from './audit-walk.js';
import { judgeCarried } from './carried.js';
import { type Check, type CheckReport, check, verdictOf } from './check.js';
import { type Checkpoints, type FoundCheckpoint, judgeCheckpoints, readCheckpoint } from './checkpoints.js';

/** An audit ledger and what is to be known of it. */
export interface LedgerQuestion extends WalkQuestion {
  /** Of its checkpoints, and who may sign them; null where no repository says so. */
  readonly signed: { readonly origin: string; readonly roster: Roster } | null;
  /** Where the ledger ended when this machine last wrote to it. */
  readonly written: RememberedTail | null;
  /** States that somebody has signed elsewhere, as drills do: it must have gone through each. */
  readonly through?: readonly SeenState[];
  /** Days for which each object must be kept; null where the store keeps no time. */
  readonly retentionDays: number | null;
  /** The chain that it carries; null where none is known. */
  readonly repository: LedgerTree | null;
}

export interface SeenState {
  readonly size: number;
  /** In hex. */
  readonly root: string;
  /** Who has seen it. */
  readonly what: string;
}

export interface AuditLedgerReport extends CheckReport {
  readonly head: LedgerHead;
  readonly entries: number;
  /** The first entry that was read. */
  readonly from: number;
  /** The root of the tree over all entries, in hex. */
  readonly root: string;
}

/** The newest ones; older ones are covered by them. */
const MAX_CHECKPOINTS = 256;
/** With those that nobody of the roster signed. */
const MOST_LOOKED = 4096;
const AHEAD = { parallel: 8, budget: 8, weigh: () => 1 };

export interface VerifiedLedger {
  readonly report: AuditLedgerReport;
  /** What a machine may remember of a ledger that was verified. */
  readonly toRemember: Omit<RememberedLedger, 'at'> | null;
}

/** Verifies an audit ledger as stored bytes. What is wrong is in the report. @throws CustodyError what reading throws */
export async function verifyAuditLedger(question: LedgerQuestion, depth: VerifyDepth): Promise<VerifiedLedger> {
  const { objects, signed, remembered, repository } = question;
  const checkpoints = await checkpointsOf(objects, signed);
  const { through = [] } = question;
  const sizes = [...checkpoints.found.map(({ checkpoint }) => checkpoint.size), ...through.map(({ size }) => size)];
  const walked = await walk(question, depth, sizes);
  const { scan, place, from } = walked;
  const checks = [
    chainCheck(walked),
    ...(remembered === null ? [] : [rememberedCheck(remembered, walked)]),
    ...(question.written === null ? [] : [await writtenCheck(objects, question.written)]),
    ...(signed === null ? [] : [judgeCheckpoints(checkpoints, scan.head, walked.rootAt, from)]),
    ...(through.length === 0 ? [] : [throughCheck(through, walked)]),
    ...(depth.sinceRemembered ? [] : [await historyCheck(question)]),
    ...(repository === null ? [] : [await judgeCarried(objects, repository, !depth.sinceRemembered)]),
  ];
  const wrong = checks.some(({ status }) => status === 'fail');
  if (wrong && walked.scan.faults.length === 0) checks.push(...(await tileCheck(objects)));
  const verdict = verdictOf(checks);
  const root = hexOf(scan.root());
  const { head } = scan;
  const report = { verdict, checks, head, entries: head.size - from, from, root };
  const { digest, size, peaks } = scan.end();
  const kept = {
    schema: 1 as const,
    size,
    root,
    peaks: peaks.map(hexOf),
    digest,
    slots: place.slots,
    slotsDigest: place.digest,
    forms: walked.forms,
    ...rootsSeen(sizes, walked.rootAt, from, remembered),
  };
  return { report, toRemember: verdict === 'verified' && size > 0 ? kept : null };
}

/** At the sizes of checkpoints: looked at now or, where this walk has not been, before. */
function rootsSeen(
  sizes: readonly number[],
  rootAt: Walked['rootAt'],
  from: number,
  remembered: RememberedLedger | null,
): Pick<RememberedLedger, 'roots'> {
  const before = remembered === null ? undefined : rootsOf(remembered);
  const roots = [...new Set(sizes)].flatMap((size) => {
    const root = size < from ? before?.get(size) : rootAt(size);
    return root === undefined ? [] : [{ size, root: hexOf(root) }];
  });
  return roots.length === 0 ? {} : { roots };
}

function chainCheck({ scan, place, from, forms }: Walked): Check {
  const [fault] = scan.faults;
  if (fault !== undefined) return check('chain', false, `entry ${fault.sequence}: ${fault.message}`);
  const { size, digest } = scan.head;
  if (size === 0) return { id: 'chain', status: 'skip', detail: 'the ledger is empty' };
  if (from === size) return check('chain', true, `nothing came after entry ${size - 1}, head ${digest}`);
  const depth = forms
    ? 'each of its form'
    : 'their hashes, numbers and links; --entries looks at the form of each, too';
  return check('chain', true, `entries ${from} to ${size - 1} in ${place.slots} slots, head ${digest}: ${depth}`);
}

function rememberedCheck({ size, at }: RememberedLedger, { broken }: Walked): Check {
  return check('remembered', broken === null, broken ?? `goes on from the ${size} entries that were verified on ${at}`);
}

function throughCheck(through: readonly SeenState[], { rootAt }: Walked): Check {
  const other = through.find(({ size, root }) => {
    const found = rootAt(size);
    return found === undefined || hexOf(found) !== root;
  });
  const detail = `it leads through the ${through.length} states that were signed for`;
  if (other === undefined) return check('through', true, detail);
  return check('through', false, `entries 0 to ${other.size - 1} are not those of ${other.what}`);
}

async function writtenCheck(objects: ObjectStore, written: RememberedTail): Promise<Check> {
  const fault = await faultOf(objects, written);
  return check(
    'written',
    fault === null,
    fault ?? `what this machine has seen up to entry ${written.size - 1} is there`,
  );
}

async function faultOf(objects: ObjectStore, written: RememberedTail): Promise<string | null> {
  try {
    return tailFault(written, await objects.read(slotName(written.slot)));
  } catch (cause) {
    // A delete marker in its place, or no slot at all.
    if (isRefused(cause)) return `entry ${written.size - 1}, which this machine has seen: ${cause.message}`;
    throw cause;
  }
}

async function historyCheck({ objects, retentionDays }: LedgerQuestion): Promise<Check> {
  const [first, ...rest] = await judgeHistories(objects, retentionDays);
  if (first === undefined) return check('store', true, 'nothing was written twice, deleted or shortened');
  const more = rest.length === 0 ? '' : `, and ${rest.length} more`;
  return check('store', false, `entry ${first.sequence ?? 'unknown'}: ${first.name} has ${first.message}${more}`);
}

/**
 * The newest checkpoints of an audit ledger that somebody of the roster signed. Whoever may write can put others before
 * them, under names that say a larger size, so that those that count are not among the first.
 */
export async function checkpointsOf(objects: ObjectStore, signed: LedgerQuestion['signed']): Promise<Checkpoints> {
  if (signed === null) return { found: [], ignored: 0, more: false };
  const found: FoundCheckpoint[] = [];
  let looked = 0;
  const read = async (path: string) => ({ path, bytes: await readOrNone(objects, path) });
  for await (const { path, bytes } of readAhead(objects.list(`${CHECKPOINT_FOLDER}/`), read, AHEAD)) {
    if (looked === MOST_LOOKED) return { found, ignored: looked - found.length, more: true };
    looked++;
    const one = bytes === null ? null : readCheckpoint(path, bytes, signed.origin, signed.roster);
    if (one !== null) found.push(one);
    if (found.length === MAX_CHECKPOINTS) break;
  }
  return { found, ignored: looked - found.length, more: false };
}

/** The first entry that differs from the tiles that an earlier checkpoint left, to name what was rewritten as a whole. */
async function tileCheck(objects: ObjectStore): Promise<readonly Check[]> {
  const leaves: TreeHash[] = [];
  const scan = new LedgerScan(AT_GENESIS, 'hashes', [], (leaf) => leaves.push(leaf));
  await walkSlots(objects, scan, FIRST_SLOT);
  for (let index = 0; index * TILE_WIDTH < leaves.length; index++) {
    const tile = { level: 0, index, width: TILE_WIDTH };
    const hashes = await readTile(objects, tile);
    if (hashes === null) break;
    const at = hashes.findIndex((hash, place) => leaves[index * TILE_WIDTH + place] !== hash);
    if (at >= 0)
      return [check('tiles', false, `entry ${index * TILE_WIDTH + at} is the first that its tile does not have`)];
  }
  return [];
}
