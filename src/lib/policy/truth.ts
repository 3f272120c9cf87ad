/**
 * Kleene's three values. UNKNOWN stands for what cannot be decided (an operator or value that is not AWS's): an Allow
 * counts it as false, a Deny as true, so that nothing odd ever opens a door.
 * And is the minimum, or the maximum, not the negation.
 */
export const NO = -1;
export const UNKNOWN = 0;
export const YES = 1;
export type Truth = typeof NO | typeof UNKNOWN | typeof YES;

export function truthOf(value: boolean): Truth {
  return value ? YES : NO;
}

export function negate(value: Truth): Truth {
  return value === UNKNOWN ? UNKNOWN : value === YES ? NO : YES;
}

/** YES when any is, else UNKNOWN when any is; NO for none. */
export function any<T>(items: readonly T[], test: (item: T) => Truth): Truth {
  let result: Truth = NO;
  for (const item of items) {
    const truth = test(item);
    if (truth === YES) return YES;
    if (truth === UNKNOWN) result = UNKNOWN;
  }
  return result;
}

/** NO when any is, else UNKNOWN when any is; YES for none. */
export function all<T>(items: readonly T[], test: (item: T) => Truth): Truth {
  let result: Truth = YES;
  for (const item of items) {
    const truth = test(item);
    if (truth === NO) return NO;
    if (truth === UNKNOWN) result = UNKNOWN;
  }
  return result;
}
