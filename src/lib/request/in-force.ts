import type { Digest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { Clock, Instant } from '../base/time.js';
import { parsePlan, planDigest } from '../plan/format.js';
import type { NumberedPlan } from '../plan/plan.js';
import { signerOf } from '../quorum/signer.js';
import { type OpenRecord, ofKind, open } from '../record/envelope.js';
import { assertSameGenesis, type MachineMemory, type Memory } from '../record/memory.js';
import { GENESIS_FOLDER, planPath, rosterPath } from '../record/paths.js';
import type { CommitId, Line, RecordStore, View } from '../record/store.js';
import { parseRoster, rosterDigest } from '../roster/format.js';
import type { Roster } from '../roster/roster.js';
import { acceptedDocument } from './accepted.js';

/** What the repository says at one head, checked from genesis on. */
export interface InForce {
  readonly view: View;
  readonly head: CommitId;
  readonly genesis: OpenRecord<'genesis'>;
  /** Custodians of roster 1 that have signed genesis. */
  readonly signedGenesis: ReadonlySet<string>;
  /** All versions, oldest first; the last one is in force. */
  readonly plans: readonly NumberedPlan[];
  readonly rosters: readonly Roster[];
  readonly plan: NumberedPlan;
  readonly planDigest: Digest;
  readonly roster: Roster;
  readonly rosterDigest: Digest;
}

/**
 * Reads what is in force at `view`: genesis with the signatures of roster 1, then every numbered plan and roster, each
 * accepted only by an executed request that the rules before and after it allow (T24, T25, T67).
 * @throws CustodyError REPOSITORY_NOT_FOUND, RECORD_MALFORMED, ROSTER_INVALID, PLAN_INVALID, SIGNATURE_INVALID
 */
export async function readInForce(store: Line, view: View, now: Instant): Promise<InForce> {
  const head = view.head;
  if (head === null)
    throw new CustodyError('REPOSITORY_NOT_FOUND', 'the repository is empty: nothing was founded here');
  const paths = await view.paths();
  const plans = await readNumbered(view, paths, 'plan', (bytes, path) => parsePlan(bytes, path), planPath);
  const rosters = await readNumbered(view, paths, 'roster', (bytes, path) => parseRoster(bytes, path), rosterPath);
  const genesis = await readGenesis(view, first(plans, 'plan'), first(rosters, 'roster'));
  let state: InForce = at(1, 1, { view, head, ...genesis, plans, rosters });
  while (state.plan.version < plans.length || state.roster.version < rosters.length) {
    const next = await acceptedDocument(store, state, plans, rosters, now);
    state = at(next.planVersion, next.rosterVersion, state);
  }
  return state;
}

type Read = Pick<InForce, 'view' | 'head' | 'genesis' | 'signedGenesis' | 'plans' | 'rosters'>;

function at(planVersion: number, rosterVersion: number, read: Read): InForce {
  const plan = first(read.plans.slice(planVersion - 1), 'plan');
  const roster = first(read.rosters.slice(rosterVersion - 1), 'roster');
  return { ...read, plan, planDigest: planDigest(plan), roster, rosterDigest: rosterDigest(roster) };
}

function first<T>(items: readonly T[], noun: string): T {
  const [item] = items;
  if (item === undefined) throw new CustodyError('RECORD_MALFORMED', `the repository has no ${noun}/1.json`);
  return item;
}

/** Every version from 1 without a gap: a file out of line is refused, never skipped. */
async function readNumbered<T extends { readonly version: number }>(
  view: View,
  paths: readonly string[],
  folder: string,
  parse: (bytes: Uint8Array, path: string) => T,
  pathOf: (version: number) => string,
): Promise<readonly T[]> {
  const own = paths.filter((path) => path.startsWith(`${folder}/`));
  const wanted = own.map((_, index) => pathOf(index + 1));
  const stray = own.find((path) => !wanted.includes(path));
  if (stray) throw new CustodyError('RECORD_MALFORMED', `${stray}: ${folder} files are numbered from 1 without a gap`);
  const files = await view.read(wanted);
  return wanted.map((path, index) => {
    const item = readAt(path, () => parse(files.get(path) ?? new Uint8Array(), path));
    if (item.version !== index + 1)
      throw new CustodyError('RECORD_MALFORMED', `${path} says that it is version ${item.version}`);
    return item;
  });
}

/** Nobody can edit a plan that is in force: whatever is wrong with its file, the repository is not what was signed. */
function readAt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code === 'BUG') throw cause;
    const { message, details } = cause;
    const said = message.includes(path) ? message : `${path}: ${message}`;
    throw new CustodyError('RECORD_MALFORMED', said, { details: { ...details, path }, cause });
  }
}

async function readGenesis(view: View, plan: NumberedPlan, roster: Roster) {
  const paths = await view.pathsUnder(`${GENESIS_FOLDER}/`);
  const files = await view.read(paths);
  const records = paths.map((path) => ofKind(open(files.get(path) ?? new Uint8Array(), path), 'genesis'));
  const [genesis] = records;
  if (!genesis || records.some((record) => record?.digest !== genesis.digest)) {
    throw new CustodyError('RECORD_MALFORMED', `${GENESIS_FOLDER}: expected signatures over one genesis statement`);
  }
  const said = genesis.statement.predicate;
  const strays = [
    ...(said.plan.digest === planDigest(plan) ? [] : [planPath(1)]),
    ...(said.roster.digest === rosterDigest(roster) && said.repository === roster.repository ? [] : [rosterPath(1)]),
  ];
  if (strays.length > 0)
    throw new CustodyError(
      'RECORD_MALFORMED',
      `genesis does not cover plan 1 and roster 1 of this repository: ${strays}`,
    );
  const signedGenesis = new Set<string>();
  for (const [at, record] of records.entries()) {
    const signer = record === null ? 'unknown' : signerOf(record, roster);
    if (typeof signer === 'string')
      throw new CustodyError('SIGNATURE_INVALID', `a signature of genesis is ${signer}: ${paths[at]}`);
    if (signer.kind === 'custodian') signedGenesis.add(signer.id);
  }
  return { genesis, signedGenesis };
}

/** Openers wait until every custodian of roster 1 has signed genesis. @throws CustodyError PENDING */
export function assertFounded({ signedGenesis, rosters }: InForce): void {
  const missing = first(rosters, 'roster')
    .custodians.map(({ id }) => id)
    .filter((id) => !signedGenesis.has(id));
  if (missing.length === 0) return;
  throw new CustodyError('PENDING', `genesis is not signed by ${missing.join(', ')} yet`, {
    details: { missing },
    suggestions: missing.map((id) => `${id} runs: custody join URL --as ${id}`),
  });
}

/**
 * Compares the repository with what this machine remembers, then remembers what is newer.
 * @throws CustodyError GENESIS_MISMATCH (T26), ROLLBACK (T24, T30)
 */
export async function checkMemory(
  memory: MachineMemory,
  state: InForce,
  store: RecordStore,
  clock: Clock,
): Promise<void> {
  for (;;) {
    const remembered = await memory.read();
    if (remembered) {
      await assertHolds(remembered, state, store);
      if (remembered.head === state.head) return;
    }
    if (await memory.replace(remembered, memoryOf(state, clock.now()))) return;
  }
}

/**
 * That a state is what was remembered, or has grown from it.
 * @param who remembers it, for messages
 * @throws CustodyError GENESIS_MISMATCH (T26), ROLLBACK (T24, T30)
 */
export async function assertHolds(
  remembered: Memory,
  state: InForce,
  store: RecordStore,
  who = 'this machine has seen',
): Promise<void> {
  assertSameGenesis(remembered, state.genesis.digest);
  assertNotOlder(remembered, state, who);
  await assertDescends(remembered, state, store, who);
}

/** What a machine would remember of this state; also the content of a pin file. */
export function memoryOf(state: InForce, seenAt: Instant): Memory {
  return {
    schema: 1,
    genesis: state.genesis.digest,
    planVersion: state.plan.version,
    planDigest: state.planDigest,
    rosterVersion: state.roster.version,
    rosterDigest: state.rosterDigest,
    head: state.head,
    seenAt,
  };
}

function assertNotOlder(remembered: Memory, state: InForce, who: string): void {
  const then = [
    ['plan', remembered.planVersion, remembered.planDigest, state.plans[remembered.planVersion - 1]],
    ['roster', remembered.rosterVersion, remembered.rosterDigest, state.rosters[remembered.rosterVersion - 1]],
  ] as const;
  for (const [noun, version, digest, found] of then) {
    // An equal version with other bytes is a roll-back too.
    const now = found === undefined ? null : 'plan' in found ? planDigest(found) : rosterDigest(found);
    if (now === digest) continue;
    throw new CustodyError(
      'ROLLBACK',
      `${who} ${noun} ${version}; the repository has ${now === null ? 'an older one' : 'another one'}`,
      {
        details: { noun, version, expected: digest, found: now },
      },
    );
  }
}

async function assertDescends(remembered: Memory, state: InForce, store: RecordStore, who: string): Promise<void> {
  if (remembered.head === null || remembered.head === state.head) return;
  const history = await store.history(state.head);
  if (history.some((commit) => commit === remembered.head)) return;
  throw new CustodyError('ROLLBACK', `the repository does not contain the newest commit that ${who}`, {
    details: { expected: remembered.head, found: state.head },
    suggestions: [
      'Another clone on this machine may be ahead: run the command again with the network.',
      'Ask the other custodians for their head (custody doctor) before you trust this remote.',
    ],
  });
}
