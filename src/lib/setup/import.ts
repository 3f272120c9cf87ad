import { CustodyError } from '../base/errors.js';
import type { KeyReader } from '../key/key.js';
import { type ExistingKey, type ImportedKeys, importKeys } from '../plan/imported.js';
import type { KeyUser } from '../plan/plan.js';
import { merged, type PolicyPowers, powersOf, useOf } from '../policy/powers.js';
import type { SeenUse } from '../trail/uses.js';

/** One thing that would have to change before a key is under the quorum, or that was not seen. */
export interface ImportNote {
  readonly kind: 'changers' | 'delegated' | 'rotation' | 'alias' | 'replica' | 'users' | 'unread';
  readonly text: string;
}

export interface ImportReport extends ImportedKeys {
  /** By the plan's name of the key. */
  readonly notes: Readonly<Record<string, readonly ImportNote[]>>;
  /** Keys or Regions that could not be read: the draft is not complete. */
  readonly unread: readonly string[];
}

interface Found {
  readonly key: ExistingKey;
  readonly powers: PolicyPowers;
}

/**
 * Reads every customer key of the Regions and drafts plan keys of them. Changes nothing at AWS.
 * @param regions the plan's primary Region first
 * @param own roles of the seats and of the executor: what a key's policy gives them is custody's to say, not the plan's
 */
export async function importAccount(
  reader: KeyReader,
  regions: readonly string[],
  seen: readonly SeenUse[],
  tell: (text: string) => void,
  own: ReadonlySet<string> = new Set(),
): Promise<ImportReport> {
  const found: Found[] = [];
  const unread: string[] = [];
  const attempt = async <T>(what: string, read: () => Promise<T>): Promise<T | null> => {
    try {
      return await read();
    } catch (cause) {
      if (!(cause instanceof CustodyError) || cause.code === 'CREDENTIALS_MISSING') throw cause;
      unread.push(`${what}: ${cause.message}`);
      return null;
    }
  };
  for (const region of regions) {
    const keys = await attempt(`keys of ${region}`, () => keysOf(reader, region));
    for (const [at, { keyId, aliases }] of (keys ?? []).entries()) {
      tell(`${region}: key ${at + 1} of ${keys?.length}`);
      const one = await attempt(`${keyId} in ${region}`, () => readKey(reader, region, { keyId, aliases }, seen, own));
      if (one) found.push(one);
    }
  }
  const imported = importKeys(
    found.map(({ key }) => key),
    regions[0] ?? '',
  );
  const notes = found.flatMap(({ key, powers }) => {
    const name = imported.names.get(key.description.arn);
    return name === undefined ? [] : [[name, notesOf(key, powers)] as const];
  });
  return { ...imported, notes: Object.fromEntries(notes), unread };
}

/** Keys of AWS services carry an alias of AWS's, and belong to nobody's plan. */
async function keysOf(reader: KeyReader, region: string) {
  const [ids, aliases] = await Promise.all([reader.keyIds(region), reader.aliases(region)]);
  const named = ids.map((keyId) => ({
    keyId,
    aliases: aliases.filter((one) => one.keyId === keyId).map(({ name }) => name),
  }));
  return named.filter((key) => !key.aliases.some((name) => name.startsWith('alias/aws/')));
}

async function readKey(
  reader: KeyReader,
  region: string,
  { keyId, aliases }: { readonly keyId: string; readonly aliases: readonly string[] },
  seen: readonly SeenUse[],
  own: ReadonlySet<string>,
): Promise<Found | null> {
  const description = await reader.describe(region, keyId);
  if (description === null) return null;
  const [tags, policy, rotation] = await Promise.all([
    reader.tags(region, keyId),
    reader.policy(region, keyId),
    description.state === 'Enabled' ? reader.rotationStatus(region, keyId) : null,
  ]);
  if (policy === null) throw new CustodyError('NOT_FOUND', 'its policy cannot be read');
  const powers = powersOf(policy, `the policy of ${keyId}`, description.account);
  const used = seen.filter(({ key }) => key === description.arn).flatMap(usersOf);
  const users = merged([...powers.users, ...used].filter(({ roleArn }) => !own.has(roleArn)));
  return { key: { description, aliases, tags: tags ?? {}, rotation, users }, powers };
}

function usersOf({ roleArn, operation, viaService, encryptionContext }: SeenUse): readonly KeyUser[] {
  const use = useOf(operation);
  return use === null ? [] : [{ roleArn, may: [use], encryptionContext, viaService }];
}

function notesOf({ description, aliases, rotation, users }: ExistingKey, powers: PolicyPowers): readonly ImportNote[] {
  const replicas = description.multiRegion?.replicaRegions ?? [];
  const notes: (ImportNote | false)[] = [
    ...powers.changers.map(
      ({ who, what }): ImportNote => ({ kind: 'changers', text: `${who} can change it alone: ${what}` }),
    ),
    powers.delegated && {
      kind: 'delegated',
      text: 'its policy lets the account in: who else may use or change it is in IAM policies, not here',
    },
    ...powers.left.map((text): ImportNote => ({ kind: 'users', text })),
    users.length === 0 && {
      kind: 'users',
      text: 'no role is seen to use it: the planned policy would let nobody use it',
    },
    rotation?.enabled !== true && { kind: 'rotation', text: 'it does not rotate by itself' },
    aliases.length !== 1 && {
      kind: 'alias',
      text:
        aliases.length === 0
          ? 'it has no alias: keys apply would make one'
          : `it has ${aliases.length} aliases, the plan names one`,
    },
    replicas.length > 0 && {
      kind: 'replica',
      text: `its replicas in ${replicas.join(', ')} have policies of their own`,
    },
  ];
  return notes.filter((note) => note !== false);
}
