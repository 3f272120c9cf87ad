import type { Context } from '../keys.js';
import type { KeyCase } from './key-case.js';
import type { Person } from './people.js';
import { type Approval, slotValue } from './slots.js';
import type { Interlock, ProofClass, ProofSeat } from './subject.js';
import type { Seats } from './subsets.js';

/** A session of the executor in the name of one who may execute. */
export interface Sitting {
  readonly it: KeyCase;
  readonly interlock: Interlock;
  readonly executor: Person;
  /** What the executor can do with some tags: nothing else has to be asked. */
  readonly reachable: readonly string[];
  /** Of that, what each class lets through, and what it does not. */
  readonly within: ReadonlyMap<ProofClass, readonly string[]>;
  readonly beyond: ReadonlyMap<ProofClass, readonly string[]>;
  /** Of that, what no class lets through. */
  readonly unclassed: readonly string[];
  /** Sets of seats that are one short for a class. */
  readonly short: ReadonlyMap<ProofClass, readonly Seats[]>;
  /** SourceIdentity. */
  readonly name: string;
  /** What is certain of a call of this session, and of one without a name. */
  readonly certain: Context;
  readonly nameless: Context;
  /** The condition key of each seat's tag, in the order of the interlock's seats. */
  readonly slots: ReadonlyMap<ProofSeat, string>;
}

const DIGEST = 'a'.repeat(64);
export const IDENTITY = 'aws:SourceIdentity';

/** The actions of a class that are to be asked about. */
export function within(sitting: Sitting, one: ProofClass): readonly string[] {
  return sitting.within.get(one) ?? sitting.reachable;
}

/** What an approval of a class says, for this executor. */
export function approvalOf({ it, name }: Sitting, { id, region }: ProofClass): Approval {
  return { class: id, region: region ?? it.key.region, keyId: it.key.keyId, digest: DIGEST, executor: name };
}

/** Tags of these seats, each with its own value. */
export function tags(
  { slots }: Sitting,
  seats: readonly ProofSeat[],
  approve: (seat: ProofSeat, at: number) => Approval,
): Context {
  const found: Record<string, string> = {};
  for (const [at, seat] of seats.entries()) {
    const slot = slots.get(seat);
    if (slot !== undefined) found[slot] = slotValue(approve(seat, at));
  }
  return found;
}

export function idsOf(seats: readonly ProofSeat[]): string {
  return seats.map(({ id }) => id).join(', ');
}
