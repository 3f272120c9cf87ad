import { evaluate } from '../../../src/lib/policy/evaluate.js';
import { inputOf } from '../../lib/policy/cases.js';
import { DIFFERENCES, whole } from './differences.js';
import { generate } from './generate.js';
import { type Call, caseOf, rewritten } from './policy.js';
import { drawFrom } from './random.js';
import { operatorOf } from './readings.js';
import { type Said, simulate } from './simulate.js';

export interface Report {
  readonly cases: number;
  readonly said: Record<string, number>;
  readonly mismatches: number;
  /** How many mismatches each difference was seen to be needed for: counted until there are `ENOUGH` of each. */
  readonly explained: Record<string, number>;
  /** Cases on which the two differ although every known difference is out of the way. */
  readonly unexplained: readonly Disagreement[];
}

export interface Disagreement {
  readonly seed: number;
  readonly custody: Said;
  readonly other: Said;
  readonly call: Call;
}

const ENOUGH = 25;

/** Case `n` of a seed is made from `seed + n` alone, so that each can be repeated by itself. */
export function callOf(seed: number): Call {
  return generate(drawFrom(seed));
}

/** The call with the known differences out of the way, and the names of those that touched it. */
async function bridged(
  call: Call,
  left?: string,
): Promise<{ readonly call: Call; readonly touched: readonly string[] }> {
  let now = call;
  const touched: string[] = [];
  for (const { name, bridge } of DIFFERENCES) {
    if (name === left) continue;
    const next = await bridge(now);
    if (JSON.stringify(next) !== JSON.stringify(now)) touched.push(name);
    now = next;
  }
  return { call: whole(now), touched };
}

/** Puts the same calls to both, as they are and with the known differences out of the way. */
export async function compare(seed: number, cases: number): Promise<Report> {
  const said: Record<string, number> = {};
  const explained: Record<string, number> = Object.fromEntries(DIFFERENCES.map(({ name }) => [name, 0]));
  const unexplained: Disagreement[] = [];
  let mismatches = 0;
  for (let at = 0; at < cases; at++) {
    const call = callOf(seed + at);
    const { reason: custody } = evaluate(inputOf(caseOf(call)));
    said[custody] = (said[custody] ?? 0) + 1;
    const without = await bridged(call);
    const raw = await simulate(call);
    const other = without.touched.length === 0 ? raw : await simulate(without.call);
    if (other !== custody) unexplained.push({ seed: seed + at, custody, other, call });
    if (raw === custody) continue;
    mismatches++;
    for (const name of without.touched.filter((one) => (explained[one] ?? 0) < ENOUGH)) {
      if ((await simulate((await bridged(call, name)).call)) !== custody) explained[name] = (explained[name] ?? 0) + 1;
    }
  }
  return { cases, said, mismatches, explained, unexplained };
}

const BASES = 'String Numeric Date Bool Binary IpAddress Arn'.split(' ');

/** How often each operator, as it is written, and each element stands in the policies of these cases. */
export function tested(seed: number, cases: number): Record<string, number> {
  const counts: Record<string, number> = {};
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  for (let at = 0; at < cases; at++) {
    const call = callOf(seed + at);
    count(call.principal);
    rewritten(call, (statement, place) => {
      count(place);
      for (const [name, value] of Object.entries(statement)) if (value !== undefined) count(name);
      for (const operator of Object.keys(statement.Condition ?? {})) {
        if (BASES.some((base) => operator.includes(base)) && operatorOf({ operator, key: '', values: [] }))
          count(operator);
      }
      return statement;
    });
  }
  return counts;
}
