import type { GrantConstraints } from '../../policy/grant.js';

/** Condition keys and their values; many-valued keys are lists. */
export type Context = Record<string, string | readonly string[]>;

/** What an operation asks about a key beyond its name. */
export interface Ask {
  readonly context?: Context;
  readonly grantTokens?: readonly string[];
  /** A grant already decides: only explicit denies count. */
  readonly granted?: boolean;
  readonly encryptionContext?: Readonly<Record<string, string>>;
  /** The grant that CreateGrant would make: one made by right of a grant must not be wider. */
  readonly child?: { readonly operations: readonly string[]; readonly constraints: GrantConstraints };
}
