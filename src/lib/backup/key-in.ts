import { formatCanonical, type JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { type OpenBackup, readListed } from './newest.js';
import { type KeyFile, keyFilePath, parseKeyFilePath, principalsPath } from './paths.js';
import { type Principal, parsePart, parsePrincipals, type Snapshot } from './snapshot.js';

/** One key as a backup holds it. */
export interface BackedUpKey {
  /** The id that it had; another one where it was deleted and made again since. */
  readonly keyId: string;
  readonly snapshot: Snapshot;
}

export interface KeyToFind {
  readonly account: string;
  readonly region: string;
  readonly keyId: string;
  /** Its alias in the plan: by it a key is found that has another id by now. */
  readonly alias: string;
}

/**
 * Finds a key in a backup by its id, else by its alias. Every file that is read is compared with the list.
 * @throws CustodyError NOT_FOUND · REFUSED, RECORD_MALFORMED for files that are not as they were signed
 */
export async function findKey(backup: OpenBackup, { account, region, keyId, alias }: KeyToFind): Promise<BackedUpKey> {
  const here = backup.sums.flatMap(({ path }) => {
    const parsed = parseKeyFilePath(path);
    return parsed?.account === account && parsed.region === region ? [parsed] : [];
  });
  const found = here.some((one) => one.keyId === keyId) ? keyId : await byAlias(backup, here, alias);
  if (found === null) {
    throw new CustodyError('NOT_FOUND', `backup ${backup.manifest.sequence} has no ${alias} in ${region}`, {
      suggestions: ['custody policy restore --from SEQ takes an earlier backup.'],
    });
  }
  const files = here.filter((one) => one.keyId === found).map(({ file }) => file);
  return { keyId: found, snapshot: await snapshotOf(backup, { account, region, keyId: found }, files) };
}

type Place = Pick<KeyToFind, 'account' | 'region' | 'keyId'>;

async function byAlias(
  backup: OpenBackup,
  here: readonly (Place & { readonly file: KeyFile })[],
  alias: string,
): Promise<string | null> {
  const lists = here.filter(({ file }) => file === 'aliases');
  const files = await readListed(
    backup,
    lists.map((one) => keyFilePath(one, 'aliases')),
  );
  const holder = lists.find((one) => {
    const path = keyFilePath(one, 'aliases');
    return parsePart('aliases', files.get(path) ?? new Uint8Array(), path).includes(alias);
  });
  return holder?.keyId ?? null;
}

async function snapshotOf(backup: OpenBackup, place: Place, names: readonly KeyFile[]): Promise<Snapshot> {
  const files = await readListed(
    backup,
    names.map((name) => keyFilePath(place, name)),
  );
  const parts = names.map((name) => {
    const path = keyFilePath(place, name);
    return [name, parsePart(name, files.get(path) ?? new Uint8Array(), path)] as const;
  });
  return Object.fromEntries(parts) as Snapshot;
}

/** Roles with the unique ids that they had. */
export async function principalsOf(backup: OpenBackup): Promise<readonly Principal[]> {
  const path = principalsPath(backup.manifest.account);
  const bytes = (await readListed(backup, [path])).get(path);
  return bytes === undefined ? [] : parsePrincipals(bytes, path);
}

/**
 * A policy for the key that stands in the place of another one: where it names the old key's id, in approval slots for one,
 * it means the new one.
 */
export function policyFor(policy: JsonValue, from: string, to: string): string {
  const text = formatCanonical(policy);
  return from === to ? text : text.replaceAll(from, to);
}
