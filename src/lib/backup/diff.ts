import { type Digest, digestOf } from '../base/bytes.js';
import { type JsonValue, sameJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { keyArnOf } from '../key/key.js';
import type { Plan } from '../plan/plan.js';
import { differenceOf, type PolicyDifference } from '../policy/difference.js';
import { type ExportPorts, exportKeys } from './export.js';
import type { Gap } from './manifest.js';
import { type OpenBackup, readListed } from './newest.js';
import { type KeyFile, type KeyPlace, keyFilePath, parseKeyFilePath } from './paths.js';
import type { Scope } from './scope.js';
import { parseText } from './text.js';

/** One state of all keys: a backup, or what KMS has now. */
export interface Side {
  /** A sequence, or `live`. */
  readonly name: number | 'live';
  readonly digests: ReadonlyMap<string, Digest>;
  readonly unreadable: readonly Gap[];
  read(paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** What is not the same of one key. */
export interface KeyDifference {
  readonly region: string;
  readonly keyId: string;
  readonly aliases: readonly string[];
  readonly change: 'added' | 'removed' | 'changed';
  /** Who gains and who loses which operation. */
  readonly policy: readonly PolicyDifference[];
  readonly changes: readonly FieldChange[];
}

export interface FieldChange {
  readonly file: KeyFile;
  readonly path: string;
  readonly from: JsonValue;
  readonly to: JsonValue;
}

/** A backup as a side: each file is compared with the list when it is read. */
export function sideOfBackup(backup: OpenBackup): Side {
  return {
    name: backup.manifest.sequence,
    digests: new Map(backup.sums.map(({ path, digest }) => [path, digest])),
    unreadable: backup.manifest.unreadable,
    read: (paths) => readListed(backup, paths),
  };
}

/** Reads KMS as a backup would, and keeps it here. */
export async function sideOfLive(ports: Omit<ExportPorts, 'put'>, scope: Scope): Promise<Side> {
  const files = new Map<string, Uint8Array>();
  const put = async (path: string, bytes: Uint8Array) => {
    files.set(path, bytes);
    return null;
  };
  const { unreadable } = await exportKeys({ ...ports, put }, scope);
  return {
    name: 'live',
    digests: new Map([...files].map(([path, bytes]) => [path, digestOf(bytes)])),
    unreadable,
    read: async (paths) =>
      new Map(paths.flatMap((path) => (files.has(path) ? [[path, files.get(path) ?? new Uint8Array()]] : []))),
  };
}

/** Every key that is not the same on both sides. @throws CustodyError what reading a side throws */
export async function diffSides(
  from: Side,
  to: Side,
  plan: Pick<Plan, 'partition'>,
): Promise<readonly KeyDifference[]> {
  const changed = new Map<string, { readonly place: KeyPlace; readonly files: KeyFile[] }>();
  for (const path of new Set([...from.digests.keys(), ...to.digests.keys()])) {
    const parsed = parseKeyFilePath(path);
    if (parsed === null || from.digests.get(path) === to.digests.get(path)) continue;
    const id = `${parsed.account}/${parsed.region}/${parsed.keyId}`;
    const one = changed.get(id) ?? { place: parsed, files: [] };
    one.files.push(parsed.file);
    changed.set(id, one);
  }
  const found: KeyDifference[] = [];
  for (const [, { place, files }] of [...changed].sort(([a], [b]) => (a < b ? -1 : 1)))
    found.push(await diffKey(from, to, place, files, plan));
  return found;
}

async function diffKey(
  from: Side,
  to: Side,
  place: KeyPlace,
  files: readonly KeyFile[],
  plan: Pick<Plan, 'partition'>,
): Promise<KeyDifference> {
  const { account, region, keyId } = place;
  const paths = [...new Set<KeyFile>([...files, 'aliases'])].map((file) => [file, keyFilePath(place, file)] as const);
  const [before, after] = await Promise.all(
    [from, to].map((side) => side.read(paths.map(([, path]) => path).filter((path) => side.digests.has(path)))),
  );
  const partOf = (side: ReadonlyMap<string, Uint8Array> | undefined, path: string): JsonValue => {
    const bytes = side?.get(path);
    return bytes === undefined ? null : parseText(bytes, path);
  };
  const values = paths.map(([file, path]) => ({ file, old: partOf(before, path), now: partOf(after, path) }));
  const policy = values.find(({ file }) => file === 'policy');
  const aliases = values.find(({ file }) => file === 'aliases');
  const arn = keyArnOf({ partition: plan.partition, account, region, keyId });
  const has = (side: Side) => side.digests.has(keyFilePath(place, 'key'));
  return {
    region,
    keyId,
    aliases: namesIn(aliases?.now ?? aliases?.old ?? null),
    change: !has(from) ? 'added' : !has(to) ? 'removed' : 'changed',
    policy: policy ? policyDifference(policy.old, policy.now, { account, region, keyArn: arn }) : [],
    changes:
      has(from) && has(to)
        ? values.flatMap(({ file, old, now }) => (file === 'policy' ? [] : fieldChanges(file, '', old, now)))
        : [],
  };
}

const EMPTY =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}]}';

/** A policy that nobody can read is told as what it is by the digest of its file; here it counts as none. */
function policyDifference(
  old: JsonValue,
  now: JsonValue,
  place: Parameters<typeof differenceOf>[2],
): readonly PolicyDifference[] {
  try {
    return differenceOf(old === null ? null : JSON.stringify(old), now === null ? EMPTY : JSON.stringify(now), place);
  } catch (cause) {
    if (cause instanceof CustodyError) return [];
    throw cause;
  }
}

function namesIn(value: JsonValue): readonly string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

/** Where two values differ, down to the member that does; lists are told as a whole. */
export function fieldChanges(file: KeyFile, path: string, from: JsonValue, to: JsonValue): readonly FieldChange[] {
  if (sameJson(from, to)) return [];
  if (!isObject(from) || !isObject(to)) return [{ file, path, from, to }];
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  const member = (value: Record<string, unknown>, name: string) =>
    Object.hasOwn(value, name) ? (value[name] as JsonValue) : null;
  return names.flatMap((name) =>
    fieldChanges(file, path === '' ? name : `${path}.${name}`, member(from, name), member(to, name)),
  );
}
