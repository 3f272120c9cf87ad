import { CustodyError } from '../base/errors.js';

/**
 * What may lie in the shared repository. Names are lower case, so that no two differ by case alone, and hold nothing that
 * a shell, a terminal or a file system would read in its own way (T33, T35). `README.md` is for people who clone with Git.
 */

/** Bytes of one file. */
export const MAX_BLOB_BYTES = 1024 * 1024;
/** The one mode of a file: no executables, symlinks or submodules. */
export const FILE_MODE = '100644';

const MAX_PATH_LENGTH = 400;
const SEGMENT = '[a-z0-9][a-z0-9._-]{0,127}';
const PATHS: readonly RegExp[] = [
  /^(?:plan|roster)\/[1-9][0-9]{0,6}\.json$/,
  /^records\/[a-z0-9][a-z0-9-]{0,63}\/[a-z0-9][a-z0-9-]{0,63}\.json$/,
  /^ledger\/[0-9]{6}\/[0-9]{9}\.json$/,
  new RegExp(`^backups/(?:${SEGMENT}/){0,6}${SEGMENT}$`),
  /^drills\/\d{4}-q[1-4]-[1-9]\d{0,3}\.json$/,
  /^challenges\/c-[a-z2-7]{10}\.json$/,
  /^answers\/c-[a-z2-7]{10}\/[a-z][a-z0-9-]{1,30}\.json$/,
  /^materials\/[a-z][a-z0-9-]{1,30}\/[0-9a-f]{64}\.json$/,
  /^checkpoints\/[0-9]{20}\/[0-9a-f]{64}$/,
  // The name that sha256sum(1) users look for.
  /^backups\/SHA256SUMS$/,
];
/** For people; nothing rests on them. */
const EDITABLE: ReadonlySet<string> = new Set(['README.md', 'runbook.md']);
const BACKUPS = 'backups/';
/** A list of all files of a backup, and what signs it, grow with the number of keys: 10,000 have 60,000 files. */
const LARGE: Readonly<Record<string, number>> = {
  'backups/SHA256SUMS': 64 * 1024 * 1024,
  'backups/manifest.sigstore.json': 16 * 1024 * 1024,
};

export function isTreePath(path: string): boolean {
  if (EDITABLE.has(path)) return true;
  return path.length <= MAX_PATH_LENGTH && PATHS.some((pattern) => pattern.test(path));
}

/** Every file is written once and never changed (T36), but what is for people, and backups, whose manifests sign what they hold. */
export function isImmutable(path: string): boolean {
  return !EDITABLE.has(path) && !path.startsWith(BACKUPS);
}

/** How many bytes the file of a path may have. */
export function maxBytesOf(path: string): number {
  return Object.hasOwn(LARGE, path) ? (LARGE[path] ?? MAX_BLOB_BYTES) : MAX_BLOB_BYTES;
}

/** A stranger's path or message for a message of ours: quoted, without control and bidirectional characters, cut at 120. */
export function quoted(text: string): string {
  const cut = text.length > 120 ? `${text.slice(0, 117)}...` : text;
  return JSON.stringify(cut).replace(/[^\x20-\x7e]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** @throws CustodyError TREE_MALFORMED for a path that is none of ours */
export function assertTreePath(path: string): void {
  if (isTreePath(path)) return;
  throw new CustodyError('TREE_MALFORMED', `${quoted(path)} is not a path that a custody repository can hold`, {
    details: { path: quoted(path) },
  });
}

/** @throws CustodyError TREE_MALFORMED for anything but a regular file */
export function assertFileMode(mode: string, path: string): void {
  if (mode === FILE_MODE) return;
  const kind =
    mode === '120000' ? 'a symbolic link' : mode === '160000' ? 'a submodule' : `a file of mode ${quoted(mode)}`;
  throw new CustodyError(
    'TREE_MALFORMED',
    `${quoted(path)} is ${kind}; only plain files of mode ${FILE_MODE} are read`,
  );
}

/** @throws CustodyError TREE_MALFORMED for a file over the cap */
export function assertBlobSize(bytes: number, path: string): void {
  const most = maxBytesOf(path);
  if (bytes <= most) return;
  throw new CustodyError('TREE_MALFORMED', `${quoted(path)} has ${bytes} bytes; at most ${most} are read`);
}

/**
 * Checks the files of a change before they are written, so that this clone cannot publish what the others refuse.
 * @throws CustodyError TREE_MALFORMED
 */
export function assertFiles(files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) {
    assertTreePath(path);
    assertBlobSize(bytes.length, path);
  }
}

/** The paths below a folder (`records/r-…/`) of a sorted list. */
export function pathsBelow(sorted: readonly string[], prefix: string): readonly string[] {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') < prefix) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < sorted.length && sorted[end]?.startsWith(prefix)) end++;
  return sorted.slice(low, end);
}
