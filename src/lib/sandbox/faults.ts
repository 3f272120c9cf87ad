import { ServiceError } from './service.js';

/**
 * What goes wrong, on purpose. `before`: an error without effect. `after`: the effect stays, the answer is lost.
 * `instead`: the effect stays, and something else comes in place of the answer. `throttle`: ThrottlingException. `hang`: no answer for `seconds`. `kill-before`, `kill-after`: the caller's process
 * "dies" at that moment (the hook is told), the connection breaks.
 */
export const FAULT_KINDS = ['before', 'after', 'instead', 'throttle', 'hang', 'kill-before', 'kill-after'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultRule {
  readonly kind: FaultKind;
  /** `PutKeyPolicy`, or `*`. */
  readonly operation: string;
  /** Default: every service. */
  readonly service?: string;
  /** Default: every Region. */
  readonly region?: string;
  /** How many matching calls go through first; default 0. */
  readonly skip?: number;
  /** How many calls it strikes; default 1, null for all. */
  readonly times?: number | null;
  /** Probability of each strike, 0 to 1; default 1. */
  readonly rate?: number;
  /** The error of `before` and `after`: default InternalFailure for `before`, a cut connection for `after`. */
  readonly code?: string;
  /** Of `before`, `after` and `instead`: 400 to 599; default 500, for `instead` 502. */
  readonly status?: number;
  /** What comes `instead` of the answer; default the page of a proxy. */
  readonly body?: string;
  /** How long `hang` lasts; default 60. */
  readonly seconds?: number;
}

interface Armed {
  readonly rule: FaultRule;
  seen: number;
  struck: number;
}

export interface Faults {
  /** @throws ServiceError ValidationException when the rule makes no sense. */
  add(rule: FaultRule): void;
  clear(): void;
  list(): readonly { readonly rule: FaultRule; readonly seen: number; readonly struck: number }[];
  /** The rule that strikes this call, counted as struck. */
  strike(call: { readonly service: string; readonly operation: string; readonly region: string }): FaultRule | null;
}

/** The faults of one sandbox, none at first. */
export function createFaults(random: (bytes: number) => Buffer): Faults {
  const armed: Armed[] = [];
  return {
    add: (rule) => {
      assertRule(rule);
      armed.push({ rule, seen: 0, struck: 0 });
    },
    clear: () => {
      armed.length = 0;
    },
    list: () => armed.map((item) => ({ ...item })),
    strike: ({ service, operation, region }) => {
      for (const item of armed) {
        const { rule } = item;
        if (rule.operation !== '*' && rule.operation !== operation) continue;
        if ((rule.service ?? service) !== service || (rule.region ?? region) !== region) continue;
        if (item.seen++ < (rule.skip ?? 0)) continue;
        if (rule.times !== null && item.struck >= (rule.times ?? 1)) continue;
        if (random(4).readUInt32BE() / 2 ** 32 >= (rule.rate ?? 1)) continue;
        item.struck++;
        return rule;
      }
      return null;
    },
  };
}

function assertRule(rule: FaultRule): void {
  const count = (value: unknown, min: number): boolean => Number.isSafeInteger(value) && Number(value) >= min;
  const sound =
    FAULT_KINDS.includes(rule.kind) &&
    typeof rule.operation === 'string' &&
    count(rule.skip ?? 0, 0) &&
    (rule.times === null || count(rule.times ?? 1, 1)) &&
    typeof (rule.rate ?? 1) === 'number' &&
    (rule.rate ?? 1) >= 0 &&
    (rule.rate ?? 1) <= 1 &&
    count(rule.status ?? 500, 400) &&
    (rule.status ?? 500) < 600 &&
    count(rule.seconds ?? 60, 0) &&
    [rule.service, rule.region, rule.code, rule.body].every((value) => ['undefined', 'string'].includes(typeof value));
  if (!sound) throw new ServiceError('ValidationException', 'not a fault rule');
}
