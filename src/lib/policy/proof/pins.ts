import { readOperator } from '../conditions.js';
import type { ConditionElement } from '../document.js';
import type { Context } from '../keys.js';

/** A request that oversteps a limit of a class. */
export interface Overstep {
  readonly context: Context;
  readonly absent: readonly string[];
  readonly words: string;
}

const FAR = { less: '-100000', more: '100000' };

/** Requests beyond a limit, the nearest first. */
export function violating(pin: ConditionElement): readonly Overstep[] {
  const { key } = pin;
  const beyond = valuesBeyond(pin).map((value) => ({
    context: { [key]: value },
    absent: [],
    words: `${key} ${[value].flat().join(', ')}`,
  }));
  const many = readOperator(pin.operator)?.quantifier === 'ForAllValues';
  // Without the key "for all values" holds: whether the request can leave it out, the API says.
  const negated = readOperator(pin.operator)?.operator?.negated ?? false;
  return many || negated ? beyond : [...beyond, { context: {}, absent: [key], words: `no ${key}` }];
}

function valuesBeyond({ operator, values }: ConditionElement): readonly (string | readonly string[])[] {
  const parsed = readOperator(operator);
  const numbers = values.map(Number);
  switch (parsed?.name) {
    case 'NumericGreaterThanEquals':
      return [String(Math.min(...numbers) - 1), FAR.less];
    case 'NumericLessThanEquals':
      return [String(Math.max(...numbers) + 1), FAR.more];
    case 'NumericEquals':
      return [String(Math.max(...numbers) + 1), String(Math.min(...numbers) - 1)];
    case 'Bool':
      return values.includes('true') ? ['false'] : ['true'];
    case 'StringNotLike':
    case 'StringNotEquals':
      return values.map((value) => inForm(value.replaceAll('*', 'any'), parsed?.quantifier ?? null));
    case 'Null':
      return [];
    default:
      return parsed?.quantifier ? [['other'], [...values, 'other']] : ['other'];
  }
}

function inForm(value: string, quantifier: string | null): string | readonly string[] {
  return quantifier === null ? value : [value];
}

/** A request that keeps to every limit. */
export function keepingTo(pins: readonly ConditionElement[]): Context {
  const kept = pins.filter(({ operator }) => operator !== 'Null' && !/Not/.test(operator));
  return Object.fromEntries(
    kept.map(({ operator, key, values }) => [
      key,
      readOperator(operator)?.quantifier ? [...values] : (values[0] ?? ''),
    ]),
  );
}
