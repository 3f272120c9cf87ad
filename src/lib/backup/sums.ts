import { digestFromHex, digestHex } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { BACKUP_FOLDER, isBackupPath, SEALS, type Sum } from './paths.js';
import { textOf } from './text.js';

/** The list as sha256sum(1) writes and checks it (GNU coreutils, text mode), in the backup's folder. */

const LINE = /^([0-9a-f]{64}) {2}([a-z0-9][a-z0-9._/-]{0,390})$/;
const PREFIX = `${BACKUP_FOLDER}/`;

/** One line a file, sorted by path. */
export function formatSums(sums: readonly Sum[]): Uint8Array {
  const lines = [...sums].sort((a, b) => (a.path < b.path ? -1 : 1));
  return Buffer.from(
    lines.map(({ path, digest }) => `${digestHex(digest)}  ${path.slice(PREFIX.length)}\n`).join(''),
    'utf8',
  );
}

/**
 * Reads a list in exactly the form that `formatSums` writes.
 * @throws CustodyError RECORD_MALFORMED
 */
export function parseSums(bytes: Uint8Array, what = 'SHA256SUMS'): readonly Sum[] {
  const text = textOf(bytes, what);
  if (!text.endsWith('\n')) throw malformed(what, 'it does not end with a line feed');
  const sums: Sum[] = [];
  let before = '';
  for (const [at, line] of text.slice(0, -1).split('\n').entries()) {
    const [, hex, name] = LINE.exec(line) ?? [];
    if (hex === undefined || name === undefined) throw malformed(what, `line ${at + 1} is no digest and path`);
    const path = `${PREFIX}${name}`;
    if (!isBackupPath(path) || SEALS.has(path)) throw malformed(what, `line ${at + 1} lists what no backup holds`);
    if (path <= before) throw malformed(what, `line ${at + 1} is out of order`);
    sums.push({ path, digest: digestFromHex(hex) });
    before = path;
  }
  return sums;
}

function malformed(what: string, because: string): CustodyError {
  return new CustodyError('RECORD_MALFORMED', `${what}: ${because}`);
}
