import { digestFromHex, digestHex } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { BACKUP_FOLDER, isBackupPath, SEALS, type Sum } from './paths.js';
import { textOf } from './text.js';

/** The list as sha256sum(1) writes and checks it (GNU coreutils, text mode), in the backup's folder. */

const LINE = /^([0-9a-f]{64}) {2}([a-z0-9][a-z0-9._/-]{0,390})$/;
const PREFIX = `${BACKUP_FOLDER}/`;
const LINES_AT_ONCE = 1000;

/** One line a file, sorted by path. */
export function formatSums(sums: readonly Sum[]): Uint8Array {
  return formatSortedSums([...sums].sort((a, b) => (a.path < b.path ? -1 : 1)));
}

/** The same of what comes sorted by path: some lines at a time, for the text of all takes several times their bytes. */
export function formatSortedSums(sums: Iterable<Sum>): Uint8Array {
  const parts: Buffer[] = [];
  let lines: string[] = [];
  for (const { path, digest } of sums) {
    lines.push(`${digestHex(digest)}  ${path.slice(PREFIX.length)}\n`);
    if (lines.length < LINES_AT_ONCE) continue;
    parts.push(Buffer.from(lines.join(''), 'utf8'));
    lines = [];
  }
  return Buffer.concat([...parts, Buffer.from(lines.join(''), 'utf8')]);
}

/**
 * Reads a list in exactly the form that `formatSums` writes.
 * @throws CustodyError RECORD_MALFORMED
 */
export function parseSums(bytes: Uint8Array, what = 'SHA256SUMS'): readonly Sum[] {
  return new SumsReader().read(bytes, what).sums;
}

/** A list beside the one that was read before it. */
export interface NextSums {
  readonly sums: readonly Sum[];
  /** Those that the list before does not hold: another digest, or another path. */
  readonly fresh: readonly Sum[];
  /** The list before. */
  readonly after: readonly Sum[];
}

/** Reads one list after another. Most lines are those of the list before: each is taken apart once, its place looked at always. */
export class SumsReader {
  #lines: readonly string[] = [];
  #sums: readonly Sum[] = [];

  /** @throws CustodyError RECORD_MALFORMED */
  read(bytes: Uint8Array, what: string): NextSums {
    const text = textOf(bytes, what);
    if (!text.endsWith('\n')) throw malformed(what, 'it does not end with a line feed');
    const lines = text.slice(0, -1).split('\n');
    const sums: Sum[] = [];
    const fresh: Sum[] = [];
    const after = this.#sums;
    let before = '';
    // Where the list before goes on; both are in one order, so nothing is looked up.
    let next = 0;
    for (const [at, line] of lines.entries()) {
      const known = line === this.#lines[next] ? this.#sums[next] : undefined;
      const sum = known ?? sumOf(line, `${what}: line ${at + 1}`);
      if (sum.path <= before) throw malformed(`${what}: line ${at + 1}`, 'out of order');
      before = sum.path;
      sums.push(sum);
      if (known) next++;
      else {
        fresh.push(sum);
        next = this.#after(next, before);
      }
    }
    this.#lines = lines;
    this.#sums = sums;
    return { sums, fresh, after };
  }

  /** The first place, from one on, of a path behind the given one. */
  #after(from: number, path: string): number {
    let at = from;
    for (let sum = this.#sums[at]; sum !== undefined && sum.path <= path; sum = this.#sums[at]) at++;
    return at;
  }
}

function sumOf(line: string, what: string): Sum {
  // A copy: a part of the text would keep the whole list alive for as long as one of its lines stands.
  const [, hex, name] = LINE.exec(Buffer.from(line, 'utf8').toString('utf8')) ?? [];
  if (hex === undefined || name === undefined) throw malformed(what, 'no digest and path');
  const path = `${PREFIX}${name}`;
  if (!isBackupPath(path) || SEALS.has(path)) throw malformed(what, 'lists what no backup holds');
  return { path, digest: digestFromHex(hex) };
}

function malformed(what: string, because: string): CustodyError {
  return new CustodyError('RECORD_MALFORMED', `${what}: ${because}`);
}
