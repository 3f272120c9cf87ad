/** The condition keys of one request, by lower-case name: AWS compares names of keys without regard to case. */
export interface Keys {
  /** `undefined`: not in the request; `null`: cannot be told (two names that differ in case, or hidden from this policy). */
  get(lowerKey: string): readonly string[] | null | undefined;
}

export type Context = Readonly<Record<string, string | readonly string[]>>;

/** Keys of `context`; where it has none, of `fallback`. A key without values counts as absent. */
export function keysOf(context: Context, fallback: ReadonlyMap<string, readonly string[]>): Keys {
  const values = new Map<string, readonly string[] | null>();
  for (const name of Object.keys(context)) {
    const value = context[name];
    if (value === undefined || (typeof value !== 'string' && value.length === 0)) continue;
    const lower = name.toLowerCase();
    values.set(lower, values.has(lower) ? null : typeof value === 'string' ? [value] : value);
  }
  return { get: (key) => (values.has(key) ? values.get(key) : fallback.get(key)) };
}

const HIDDEN = ['aws:resourcetag/', 'kms:resourcetag', 'kms:resourcealiases'];
const isHidden = (key: string) => HIDDEN.some((start) => key.startsWith(start));

/** KMS permits no resource tags or aliases in a key policy ("ABAC for AWS KMS"): there they are unknown, not absent. */
export function hideFromKeyPolicy(keys: Keys): Keys {
  return { get: (key) => (isHidden(key) ? null : keys.get(key)) };
}
