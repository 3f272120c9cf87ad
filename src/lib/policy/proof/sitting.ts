import type { Context } from '../keys.js';
import type { KeyCase } from './key-case.js';
import type { Person } from './people.js';
import { type Approval, slotKey, slotValue } from './slots.js';
import type { Interlock, ProofClass, ProofSeat } from './subject.js';

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
  /** SourceIdentity. */
  readonly name: string;
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
  { it }: Sitting,
  seats: readonly ProofSeat[],
  approve: (seat: ProofSeat, at: number) => Approval,
): Context {
  return Object.fromEntries(seats.map((seat, at) => [slotKey(seat, it.key), slotValue(approve(seat, at))]));
}

export function idsOf(seats: readonly ProofSeat[]): string {
  return seats.map(({ id }) => id).join(', ');
}
