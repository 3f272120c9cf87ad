import { CustodyError } from '../base/errors.js';

/**
 * One condition that some quorums of seats meet: a seat of each block, all with the same value. The first block has one seat,
 * whose value is compared with the pattern. Seats are numbers from 0.
 */
export type Quorums = readonly (readonly number[])[];

/** Seats beyond this many never fit into a key policy, and the search for the smallest form would take long. */
const MOST_SEATS = 8;

/**
 * Conditions that together hold for exactly those who are enough: at least `threshold` seats, of at least `duties` different
 * duties. A condition tests its blocks with AND and the seats in a block with OR, as IAM does with keys and values, so N − M + 1
 * conditions or a few more stand for all the quorums. Deterministic.
 * @param dutyOf the duty of each seat, in the order of the seats
 * @throws CustodyError LIMIT_EXCEEDED for more than 8 seats · PLAN_INVALID where no seats would be enough
 */
export function coverQuorums(dutyOf: readonly string[], threshold: number, duties: number): readonly Quorums[] {
  if (dutyOf.length > MOST_SEATS) {
    throw new CustodyError('LIMIT_EXCEEDED', `the interlock takes at most ${MOST_SEATS} seats, not ${dutyOf.length}`);
  }
  const enough = (seats: readonly number[]) => new Set(seats.map((seat) => dutyOf[seat])).size >= duties;
  const candidates = blocksOf(dutyOf.length, threshold).flatMap((blocks) => {
    const quorums = quorumsIn(blocks);
    return quorums.every(enough) ? [{ blocks, quorums: quorums.map(nameOf) }] : [];
  });
  const open = new Set(candidates.flatMap(({ quorums }) => quorums));
  if (open.size === 0) throw new CustodyError('PLAN_INVALID', 'no seats of the roster would be a quorum for the rule');
  const found: Quorums[] = [];
  while (open.size > 0) {
    const best = candidates.reduce((one, other) => (gain(other, open) > gain(one, open) ? other : one));
    for (const quorum of best.quorums) open.delete(quorum);
    found.push(best.blocks);
  }
  return found;
}

interface Candidate {
  readonly blocks: Quorums;
  readonly quorums: readonly string[];
}

/** New quorums first, then fewer seats to write down. */
function gain({ blocks, quorums }: Candidate, open: ReadonlySet<string>): number {
  return quorums.filter((quorum) => open.has(quorum)).length - blocks.flat().length / 100;
}

/** Every way to put some of the seats into `count` blocks of which one has a single seat; that one comes first. */
function blocksOf(seats: number, count: number): readonly Quorums[] {
  let ways: readonly Quorums[] = [[]];
  for (let seat = 0; seat < seats; seat++) {
    ways = ways.flatMap((blocks) => [
      blocks,
      ...blocks.map((_, at) => blocks.map((block, index) => (index === at ? [...block, seat] : block))),
      ...(blocks.length < count ? [[...blocks, [seat]]] : []),
    ]);
  }
  const whole = ways.filter((blocks) => blocks.length === count && blocks.some(({ length }) => length === 1));
  const ordered = whole.map((blocks) => [...blocks].sort((a, b) => a.length - b.length || (a[0] ?? 0) - (b[0] ?? 0)));
  return ordered.sort((a, b) => (a.join(' ') < b.join(' ') ? -1 : 1));
}

/** One seat of each block. */
function quorumsIn(blocks: Quorums): readonly (readonly number[])[] {
  return blocks.reduce<readonly (readonly number[])[]>(
    (quorums, block) => quorums.flatMap((seats) => block.map((seat) => [...seats, seat])),
    [[]],
  );
}

function nameOf(seats: readonly number[]): string {
  return [...seats].sort((a, b) => a - b).join();
}
