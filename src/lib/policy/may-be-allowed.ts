import type { Decision } from './evaluate.js';

/** False only where the call is denied whatever it is that cannot be told. */
export function mayBeAllowed({ allowed, unresolved }: Decision): boolean {
  return allowed || unresolved !== undefined;
}
