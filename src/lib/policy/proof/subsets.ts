import type { Interlock, ProofClass, ProofSeat, QuorumRule } from './subject.js';

export type Seats = readonly ProofSeat[];

/** Who must approve a class. */
export function ruleOf({ threshold }: Interlock, { quorum }: ProofClass): QuorumRule {
  return { threshold: Math.max(threshold, quorum?.threshold ?? 0), duties: quorum?.duties ?? 1 };
}

/** Sets of seats that are enough, and of which none can be missed. */
export function quorums({ seats }: Interlock, rule: QuorumRule): readonly Seats[] {
  return subsets(seats).filter(
    (some) => isEnough(some, rule) && some.every((seat) => !isEnough(without(some, seat), rule)),
  );
}

/** Sets of seats that are not enough, and to which none can be added without their being so. */
export function shortOf({ seats }: Interlock, rule: QuorumRule): readonly Seats[] {
  return subsets(seats).filter(
    (some) => !isEnough(some, rule) && seats.every((seat) => some.includes(seat) || isEnough([...some, seat], rule)),
  );
}

function without(seats: Seats, seat: ProofSeat): Seats {
  return seats.filter((one) => one !== seat);
}

function isEnough(seats: Seats, { threshold, duties }: QuorumRule): boolean {
  return seats.length >= threshold && new Set(seats.map(({ duty }) => duty)).size >= duties;
}

function subsets([first, ...rest]: Seats): readonly Seats[] {
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((some) => [some, [first, ...some]]);
}
