import { addSeconds, type Instant, secondsBetween } from '../base/time.js';
import { CLOCK_TOLERANCE_SECONDS } from '../quorum/evidence.js';
import { signerOf } from '../quorum/signer.js';
import type { OpenRecord } from '../record/envelope.js';
import type { InForce } from '../request/in-force.js';
import type { Custodian, Roster } from '../roster/roster.js';

const DAY = 86_400;
/** A seat that has signed nothing for so long may have lost its key (T28). */
export const LIFE_SECONDS = 100 * DAY;

/** When a seat last showed that it still has its key. */
export interface SeatLife {
  readonly id: string;
  readonly duty: string;
  /** What it signed last: the kind of a record; null where nothing of it was found. */
  readonly by: string | null;
  readonly lastAt: Instant | null;
  readonly ageDays: number | null;
  /** Older than 100 days; of one who was never seen, counted from the roster's beginning. */
  readonly stale: boolean;
}

type Repository = Pick<InForce, 'roster' | 'rosters' | 'genesis' | 'signedGenesis'>;

/** The last proof of life of each seat in force: a record that its present key verifies, whatever it is about. Pure. */
export function livesOf(state: Repository, records: readonly OpenRecord[], now: Instant): readonly SeatLife[] {
  const newestFirst = byAuthor(records, now);
  return state.roster.custodians.map((seat) => {
    const record = newestFirst.get(seat.id)?.find((one) => isBy(one.record, seat, state.roster));
    const last = record ?? foundingOf(state, seat);
    const ageSeconds = last === null ? null : secondsBetween(last.at, now);
    // One who has not begun yet has as long as everyone else.
    const silentSeconds = ageSeconds ?? secondsBetween(state.roster.createdAt, now);
    return {
      id: seat.id,
      duty: seat.duty,
      by: last?.kind ?? null,
      lastAt: last?.at ?? null,
      ageDays: ageSeconds === null ? null : Math.max(0, Math.floor(ageSeconds / DAY)),
      stale: silentSeconds > LIFE_SECONDS,
    };
  });
}

interface Dated {
  readonly record: OpenRecord;
  readonly kind: string;
  readonly at: Instant;
}

/** By who they say wrote them, so that few have to be verified. One that is dated ahead of its time proves nothing. */
function byAuthor(records: readonly OpenRecord[], now: Instant): ReadonlyMap<string, readonly Dated[]> {
  const found = new Map<string, Dated[]>();
  const latest = addSeconds(now, CLOCK_TOLERANCE_SECONDS);
  for (const record of records) {
    const { statement } = record;
    if (statement.kind === 'genesis' || statement.predicate.at > latest) continue;
    const { by, at } = statement.predicate;
    found.set(by, [...(found.get(by) ?? []), { record, kind: statement.kind, at }]);
  }
  for (const own of found.values()) own.sort((a, b) => (a.at > b.at ? -1 : 1));
  return found;
}

function isBy(record: OpenRecord, { id }: Custodian, roster: Roster): boolean {
  const { statement } = record;
  if (statement.kind === 'genesis' || statement.predicate.repository !== roster.repository) return false;
  const signer = signerOf(record, roster);
  return typeof signer !== 'string' && signer.kind === 'custodian' && signer.id === id;
}

/** Whoever signed genesis was there when it was founded, with the key that the first roster lists. */
function foundingOf({ genesis, signedGenesis, rosters }: Repository, seat: Custodian): Omit<Dated, 'record'> | null {
  const first = rosters[0]?.custodians.find(({ id }) => id === seat.id);
  const same = first?.keys.some(({ keyId }) => seat.keys.some((key) => key.keyId === keyId)) ?? false;
  return same && signedGenesis.has(seat.id) ? { kind: 'genesis', at: genesis.statement.predicate.at } : null;
}
