import type { Fault } from '../base/fields.js';
import { accountOf, partitionOf } from './grammar.js';
import type { Plan, PlannedKey } from './plan.js';

/** A plan of which some parts could not be read; rules judge what is there, so that all faults are listed at once. */
export type PlanParts = Partial<Omit<Plan, 'keys'>> & { readonly keys?: Readonly<Record<string, Partial<PlannedKey>>> };

/** A role of another account or partition would put the key in the hands of people whom the plan does not know. */
export function roleFaults(path: string, arn: string, { account, partition }: PlanParts): Fault[] {
  const here = (account ?? accountOf(arn)) === accountOf(arn) && (partition ?? partitionOf(arn)) === partitionOf(arn);
  if (here) return [];
  return [
    { path, expected: `a role of ${partition ?? 'the partition'}, account ${account ?? 'of the plan'}`, found: arn },
  ];
}

/** A fault for each value that was there before. */
export function repeatedFaults(values: readonly string[], pathOf: (at: number) => string, expected: string): Fault[] {
  return values
    .map((value, at) => ({ path: pathOf(at), expected, found: `${value} again`, first: values.indexOf(value) === at }))
    .filter(({ first }) => !first)
    .map(({ path, found }) => ({ path, expected, found }));
}
