import type { KeyDescription, RotationStatus } from '../key/key.js';
import { ALIAS, KEY_NAME, TAG_KEY, TAG_VALUE } from './grammar.js';
import type { KeyUser, PlannedKey } from './plan.js';

/** A key that an account has already, in the Region where it would be changed. */
export interface ExistingKey {
  readonly description: KeyDescription;
  /** Every alias of the key there, with `alias/`. */
  readonly aliases: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly rotation: RotationStatus | null;
  readonly users: readonly KeyUser[];
}

/** What a plan makes of the keys of an account. */
export interface ImportedKeys {
  readonly keys: Readonly<Record<string, PlannedKey>>;
  /** The plan's name of each key that is in it, by ARN. */
  readonly names: ReadonlyMap<string, string>;
  /** Keys that are not in the plan, and why. */
  readonly left: readonly { readonly arn: string; readonly because: string }[];
}

/** A plan has no more: an executor role has room for no more approval slots (50 tags). */
export const MAX_KEYS = 16;
/** A plan has no more users a key. */
const MAX_USERS = 20;
const DEFAULT_DAYS = 365;
const [MIN_PERIOD, MAX_PERIOD] = [90, 2560];

/**
 * Drafts the hierarchy of keys that are there. What KMS does not say is chosen as the template does, and is for people to
 * put right: purpose, owner, the tree, usage periods.
 */
export function importKeys(existing: readonly ExistingKey[], primary: string): ImportedKeys {
  const fit = existing.map((key) => ({ key, because: unfitOf(key, primary) }));
  const left = fit.flatMap(({ key, because }) => (because === null ? [] : [{ arn: key.description.arn, because }]));
  const taken = inOrder(fit.flatMap(({ key, because }) => (because === null ? [key] : [])));
  const [kept, over] = [taken.slice(0, MAX_KEYS), taken.slice(MAX_KEYS)];
  const names = new Map<string, string>();
  for (const key of kept) names.set(key.description.arn, nameFor(key, new Set(names.values())));
  const [root = ''] = names.values();
  return {
    names,
    keys: Object.fromEntries(
      kept.map((key) => {
        const name = names.get(key.description.arn) ?? '';
        return [name, plannedFrom(key, name === root ? null : root)];
      }),
    ),
    left: [
      ...left,
      ...over.map(({ description }) => ({ arn: description.arn, because: `a plan has ${MAX_KEYS} keys at most` })),
    ],
  };
}

/** Why a key cannot be in a plan, or null. */
function unfitOf({ description }: ExistingKey, primary: string): string | null {
  const { spec, usage, origin, state, multiRegion, region } = description;
  if (spec !== 'SYMMETRIC_DEFAULT' || usage !== 'ENCRYPT_DECRYPT')
    return `it is ${spec} for ${usage}: a plan has symmetric keys`;
  if (origin !== 'AWS_KMS' && origin !== 'EXTERNAL') return `its material is in a custom key store (${origin})`;
  if (state === 'PendingDeletion' || state === 'PendingReplicaDeletion') return 'it is being deleted';
  if (multiRegion?.type === 'REPLICA') return `it is a replica of the key in ${multiRegion.primaryRegion}`;
  return region === primary ? null : `it is in ${region}: the keys of a plan are in one Region, here ${primary}`;
}

/** The root first: one that calls itself so, else a multi-Region key, else the oldest. */
function inOrder(keys: readonly ExistingKey[]): readonly ExistingKey[] {
  const rank = ({ description, aliases }: ExistingKey) =>
    aliases.some((alias) => /(?:^|[/_-])root(?:$|[/_-])/i.test(alias)) ? 0 : description.multiRegion ? 1 : 2;
  return [...keys].sort((a, b) => rank(a) - rank(b) || (a.description.createdAt < b.description.createdAt ? -1 : 1));
}

/** From its alias, in the grammar of names; numbered where two would be the same. */
function nameFor({ description, aliases }: ExistingKey, taken: ReadonlySet<string>): string {
  const last = (aliasOf(aliases) ?? '').split('/').at(-1) ?? '';
  const plain = last
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '');
  const base = KEY_NAME.test(plain.slice(0, 28))
    ? plain.slice(0, 28)
    : `key-${description.keyId.replace('mrk-', '').slice(0, 8)}`;
  const candidates = [base, ...Array.from({ length: MAX_KEYS }, (_, at) => `${base}-${at + 2}`)];
  return candidates.find((name) => !taken.has(name)) ?? base;
}

function aliasOf(aliases: readonly string[]): string | null {
  return [...aliases].sort().find((alias) => ALIAS.test(alias)) ?? null;
}

function plannedFrom({ description, aliases, tags, rotation, users }: ExistingKey, parent: string | null): PlannedKey {
  const { keyId, multiRegion } = description;
  const periodDays = Math.min(MAX_PERIOD, Math.max(MIN_PERIOD, rotation?.periodDays ?? DEFAULT_DAYS));
  const text = description.description
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 300);
  return {
    alias: aliasOf(aliases) ?? `alias/custody/${keyId}`,
    purpose: text || 'Not described',
    owner: 'Not known',
    parent,
    origin: description.origin === 'EXTERNAL' ? 'EXTERNAL' : 'AWS_KMS',
    multiRegion: multiRegion !== null,
    replicas: multiRegion?.replicaRegions ?? [],
    rotation: { automatic: rotation?.enabled ?? false, periodDays },
    originatorUsageDays: periodDays,
    recipientUsageDays: periodDays + 3 * DEFAULT_DAYS,
    users: users.slice(0, MAX_USERS),
    dualControl: 'none',
    tags: Object.fromEntries(
      Object.entries(tags)
        .filter(([name, value]) => TAG_KEY.test(name) && TAG_VALUE.test(value))
        .slice(0, 40),
    ),
  };
}
