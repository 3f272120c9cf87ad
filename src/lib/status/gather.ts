import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import { liveKeysIn, lookUpTrail, subjectOf } from '../inspect/reconcile/gather.js';
import { reconcile } from '../inspect/reconcile/reconcile.js';
import type { CallerIdentity } from '../key/key.js';
import { readLedgerHead } from '../ledger/view.js';
import type { Plan } from '../plan/plan.js';
import { type OpenRecord, open } from '../record/envelope.js';
import { HEARTBEAT_FOLDER } from '../record/paths.js';
import type { View } from '../record/store.js';
import { assertAccount } from '../request/aws-check.js';
import type { Case, Refused } from '../request/case.js';
import { casesOf, type Reach } from '../request/desk.js';
import type { InForce } from '../request/in-force.js';
import type { Aws, Ports } from '../request/ports.js';
import type { Identity, Roster } from '../roster/roster.js';
import { HISTORY_SECONDS, type TrailReader } from '../trail/reader.js';
import type { AwsSeen, Looked, StatusEvidence, WaitingChallenge } from './evidence.js';
import { type Kept, readKept } from './kept.js';
import { type Above, type KeyLine, observeKeys } from './keys.js';

/** The way to AWS for the front page. */
export interface StatusLine extends KeyLine, Pick<Aws, 'whoAmI' | 'host'> {
  readonly trail: TrailReader;
}

/** What the front page needs of the outside. */
export interface StatusSources {
  readonly ports: Ports;
  readonly lookUp: (reach: Reach) => Promise<InForce>;
  /** Opens the way to AWS; null: AWS is not asked. */
  readonly line: ((plan: Plan) => Promise<StatusLine>) | null;
  /** Whether CloudTrail is asked, which takes seconds. */
  readonly trail: boolean;
  readonly above: Above;
  /** In how many places the draft differs. */
  readonly draft: (plan: Plan) => Promise<number>;
  /** The newest backup. */
  readonly backup: (state: InForce) => Promise<Kept | null>;
  /** The last drill that was verified. */
  readonly drill: (state: InForce) => Promise<Kept | null>;
  /** The challenge that custodians are to answer. */
  readonly challenge: (state: InForce) => Promise<WaitingChallenge | null>;
  /** Who looks, by name or by the credentials at AWS. */
  readonly who: (roster: Roster, caller: CallerIdentity | null) => Identity | null;
}

/**
 * Looks at the repository, this machine and AWS; what cannot be looked at is said, and hinders nothing. Changes nothing.
 * @throws CustodyError what looking at the repository itself throws
 */
export async function gatherStatus(sources: StatusSources): Promise<StatusEvidence> {
  const { ports, line, who, draft } = sources;
  const memory = await ports.memory.read();
  const { state, remote } = await lookAtRepository(sources);
  const { cases, refused } = await casesOf(ports, state);
  const { plan } = state.plan;
  const seen: Looked<SeenBy> =
    line === null
      ? { because: 'AWS was not asked' }
      : await looked(() => lookAtAws(sources, { state, cases, refused }, () => line(plan)));
  const caller = 'found' in seen ? seen.found.caller : null;
  return {
    state,
    remote,
    memory,
    cases,
    refused,
    heartbeats: await heartbeatsIn(state.view),
    outbox: (await ports.store.outbox()).size,
    draft: await looked(() => draft(plan)),
    ledger: await looked(() => readLedgerHead(state.view)),
    kept: await readKept({ backup: () => sources.backup(state), drill: () => sources.drill(state) }),
    challenge: await sources.challenge(state),
    identity: who(state.roster, caller),
    aws: 'found' in seen ? { found: seen.found.aws } : seen,
  };
}

async function lookAtRepository({ lookUp, line }: StatusSources): Promise<Pick<StatusEvidence, 'state' | 'remote'>> {
  if (line === null) return { state: await lookUp('local'), remote: { because: 'the remote was not asked' } };
  try {
    return { state: await lookUp('remote'), remote: { found: 'reached' } };
  } catch (cause) {
    const away = cause instanceof CustodyError && (cause.code === 'REMOTE_UNREACHABLE' || cause.code === 'TIMEOUT');
    if (!away) throw cause;
    return { state: await lookUp('local'), remote: { because: `${cause.code}: this is what this clone last saw` } };
  }
}

/** What is not there to be looked at is no failure of the rest. */
async function looked<T>(look: () => Promise<T>): Promise<Looked<T>> {
  try {
    return { found: await look() };
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code === 'BUG' || cause.code === 'INTERRUPTED') throw cause;
    return { because: `${cause.code}: ${cause.message}` };
  }
}

/** A heartbeat that cannot be read is none. */
async function heartbeatsIn(view: View): Promise<readonly OpenRecord[]> {
  const paths = await view.pathsUnder(`${HEARTBEAT_FOLDER}/`);
  const files = await view.read(paths);
  return paths.flatMap((path) => {
    try {
      return [open(files.get(path) ?? new Uint8Array(), path)];
    } catch (cause) {
      if (cause instanceof CustodyError) return [];
      throw cause;
    }
  });
}

interface SeenBy {
  readonly caller: CallerIdentity;
  readonly aws: AwsSeen;
}

interface Books {
  readonly state: InForce;
  readonly cases: readonly Case[];
  readonly refused: readonly Refused[];
}

async function lookAtAws(
  { ports, trail, above }: StatusSources,
  books: Books,
  openLine: () => Promise<StatusLine>,
): Promise<SeenBy> {
  const { clock, progress } = ports;
  const { plan } = books.state.plan;
  const line = await openLine();
  const caller = await assertAccount(line, plan, clock.now());
  // Both take seconds, and neither waits for the other.
  const history = trail ? looked(() => eventsOf(line.trail, books.state, clock.now(), progress)) : null;
  const keys = await observeKeys(line, books.state, books.cases, progress, { above });
  const events = (await history) ?? { because: 'CloudTrail was not asked' };
  return {
    caller,
    aws: { callerArn: caller.arn, host: line.host, keys, trail: compared(events, books, liveKeysIn(keys.estate)) },
  };
}

/** As far back as the event history goes: what is older, `policy reconcile` takes from files. */
async function eventsOf(reader: TrailReader, state: InForce, now: Instant, tell: (text: string) => void) {
  const oldest = addSeconds(now, -HISTORY_SECONDS);
  const founded = state.genesis.statement.predicate.at;
  const since = founded < oldest ? oldest : founded;
  return { since, evidence: await lookUpTrail(reader, state.plan.plan, since, now, tell) };
}

function compared(
  events: Looked<Awaited<ReturnType<typeof eventsOf>>>,
  books: Books,
  live: ReadonlyMap<string, string>,
): AwsSeen['trail'] {
  if ('because' in events) return events;
  const { since, evidence } = events.found;
  return { found: { ...reconcile(subjectOf({ ...books, live }, evidence, since)), since } };
}
