import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant, secondsBetween } from '../base/time.js';
import { CLOCK_TOLERANCE_SECONDS } from '../quorum/evidence.js';
import { signerOf } from '../quorum/signer.js';
import { type OpenRecord, open } from '../record/envelope.js';
import { HEARTBEAT_FOLDER } from '../record/paths.js';
import type { Identity } from '../roster/roster.js';
import type { Case } from './case.js';
import { identityIn, lookUp } from './desk.js';
import type { InForce } from './in-force.js';
import type { Actor, Ports } from './ports.js';
import { draft, publishRecords, seenNow } from './publish.js';

/** Signs and publishes that its writer is alive and sees this head: what `execute` wants to be young (T16, T31). */
export async function beat(
  ports: Ports,
  actor: Actor,
): Promise<{ readonly head: string; readonly expiresAt: Instant }> {
  const state = await lookUp(ports, 'remote');
  const { id } = identityIn(state, actor);
  const seen = seenNow(ports, state.head, state.plan.plan.quorum.freshnessSeconds);
  const predicate = { tool: ports.tool, repository: state.roster.repository, by: id, at: ports.clock.now(), seen };
  const subjects = [{ name: 'genesis', digest: state.genesis.digest }];
  const signed = await draft(actor, { kind: 'heartbeat', subjects, predicate }, HEARTBEAT_FOLDER);
  await publishRecords(ports, [signed], { message: `Heartbeat of ${id}` });
  return { head: state.head, expiresAt: seen.expiresAt };
}

/**
 * Somebody other than the one who executes must have signed recently that this is the newest state: a remote that
 * serves an old one cannot forge that (T31).
 * @throws CustodyError STALE
 */
export async function assertFresh(
  { store }: Ports,
  state: InForce,
  found: Case,
  executor: Identity,
  now: Instant,
): Promise<void> {
  const history = new Set<string>(await store.history(state.head));
  const fresh = (record: OpenRecord) => isFresh(record, state, executor, history, now);
  if ([found.evidence.request, ...found.evidence.records].some(fresh)) return;
  for (const path of await state.view.pathsUnder(`${HEARTBEAT_FOLDER}/`)) {
    const bytes = (await state.view.read([path])).get(path) ?? new Uint8Array();
    const record = recordIn(bytes, path);
    if (record !== null && fresh(record)) return;
  }
  throw new CustodyError('STALE', 'no other custodian has signed lately that this is the newest state', {
    details: { head: state.head },
    suggestions: ['Another custodian runs: custody heartbeat'],
  });
}

/** What is no record counts for nothing: whoever may push could else keep everybody from executing, for good (T29). */
function recordIn(bytes: Uint8Array, path: string): OpenRecord | null {
  try {
    return open(bytes, path);
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

function isFresh(
  record: OpenRecord,
  state: InForce,
  executor: Identity,
  history: ReadonlySet<string>,
  now: Instant,
): boolean {
  const { statement } = record;
  if (statement.kind === 'genesis' || statement.predicate.repository !== state.roster.repository) return false;
  const { seen, at, by } = statement.predicate;
  if (
    seen.head === null ||
    !history.has(seen.head) ||
    now > seen.expiresAt ||
    at > addSeconds(now, CLOCK_TOLERANCE_SECONDS)
  )
    return false;
  // The signer chose expiresAt; the plan says how long it may be.
  if (secondsBetween(at, now) > state.plan.plan.quorum.freshnessSeconds) return false;
  const signer = signerOf(record, state.roster);
  return typeof signer !== 'string' && signer.id === by && signer.person !== executor.person;
}
