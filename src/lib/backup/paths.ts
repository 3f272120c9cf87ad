import type { Digest } from '../base/bytes.js';

/** Where a backup lies in its repository. The names are part of the format (docs/backups.md). */

export const BACKUP_FOLDER = 'backups';
/** Lists every other file of the backup but those that sign it; paths are relative to the folder. */
export const SUMS_PATH = `${BACKUP_FOLDER}/SHA256SUMS`;
export const MANIFEST_PATH = `${BACKUP_FOLDER}/manifest.sigstore.json`;
/** Says that a manifest is still the newest, after its own time is over. */
export const HEARTBEAT_PATH = `${BACKUP_FOLDER}/heartbeat.sigstore.json`;
/** The public key that signed, as PEM: for people with cosign. Trust comes from the roster. */
export const SIGNER_PATH = `${BACKUP_FOLDER}/signer.pub`;

/** Not in the list: they sign it. */
export const SEALS: ReadonlySet<string> = new Set([SUMS_PATH, MANIFEST_PATH, HEARTBEAT_PATH]);

/** Files of one key in one Region; which of them are there depends on the kind of key. */
export const KEY_FILES = [
  'key',
  'policy',
  'aliases',
  'tags',
  'grants',
  'rotation',
  'replicas',
  'public-key',
  'materials',
] as const;
export type KeyFile = (typeof KEY_FILES)[number];

/** Where one key lies. */
export interface KeyPlace {
  readonly account: string;
  readonly region: string;
  readonly keyId: string;
}

export function keyFilePath({ account, region, keyId }: KeyPlace, file: KeyFile): string {
  return `${BACKUP_FOLDER}/${account}/${region}/${keyId}/${file}.json`;
}

/** Roles that the policies and grants of an account's keys name. */
export function principalsPath(account: string): string {
  return `${BACKUP_FOLDER}/${account}/principals.json`;
}

const KEY_FILE_PATH =
  /^backups\/(\d{12})\/([a-z0-9-]{1,32})\/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/([a-z-]{1,16})\.json$/;

/** The inverse of `keyFilePath`; null for any other path. */
export function parseKeyFilePath(path: string): (KeyPlace & { readonly file: KeyFile }) | null {
  const [, account = '', region = '', keyId = '', name] = KEY_FILE_PATH.exec(path) ?? [];
  const file = KEY_FILES.find((one) => one === name);
  return file === undefined ? null : { account, region, keyId, file };
}

/** Is this a path of a backup's own: a key's file, principals, the signer's key, or a seal? */
export function isBackupPath(path: string): boolean {
  if (SEALS.has(path) || path === SIGNER_PATH || parseKeyFilePath(path) !== null) return true;
  return /^backups\/\d{12}\/principals\.json$/.test(path) || path === TRUSTED_ROOT_PATH;
}

/** Where witnesses of a Sigstore instance testify to the signature: whose word counts. Trust comes from the plan's pin. */
export const TRUSTED_ROOT_PATH = `${BACKUP_FOLDER}/trusted_root.json`;

/** A file of a backup by its content. */
export interface Sum {
  readonly path: string;
  readonly digest: Digest;
}
