import type { JsonObject } from '../base/canonical-json.js';
import type { Quorums } from './cover.js';
import { formatSlotName } from './slot.js';
import { oneOrMany } from './statements.js';

/** Operators, each with its keys. */
export type Conditions = Readonly<Record<string, JsonObject>>;

/** A policy variable. */
export const variable = (name: string) => `$${'{'}${name}}`;

/** One key takes each of these once: lists of seats beyond the first are compared under another operator of the same meaning. */
const EQUAL = ['StringEquals', 'StringEqualsIfExists', 'ForAnyValue:StringEquals'] as const;

/** The first seat's slot is one of the values, and a seat of each other block holds the very same. */
export function slotConditions(
  quorums: Quorums,
  { seats, keyName }: { readonly seats: readonly { readonly id: string }[]; readonly keyName: string },
  values: readonly string[],
) {
  const tag = (seat: number) => `aws:PrincipalTag/${formatSlotName({ custodian: seats[seat]?.id ?? '', keyName })}`;
  const singles = quorums.filter(({ length }) => length === 1).map(([seat = 0]) => seat);
  const lists = quorums.filter(({ length }) => length > 1);
  const [first = 0] = singles;
  const last = singles.at(-1) ?? first;
  const chain = singles.slice(1).map((seat, at) => [tag(singles[at] ?? first), variable(tag(seat))] as const);
  const equal: Record<string, JsonObject> = chain.length > 0 ? { StringEquals: Object.fromEntries(chain) } : {};
  for (const [at, list] of lists.entries()) {
    const operator = EQUAL[at] ?? '';
    // A seat without a slot would leave a variable unset, and with it, AWS says, perhaps the whole statement void.
    equal[operator] = { ...equal[operator], [tag(last)]: list.map((seat) => variable(`${tag(seat)}, '-'`)) };
  }
  return { like: { StringLike: { [tag(first)]: oneOrMany(values) } }, equal };
}

/** All of the conditions; under one operator, their keys together. */
export function merged(parts: readonly Conditions[]): JsonObject {
  const all: Record<string, JsonObject> = {};
  for (const [operator, keys] of parts.flatMap((part) => Object.entries(part)))
    all[operator] = { ...all[operator], ...keys };
  return all;
}
