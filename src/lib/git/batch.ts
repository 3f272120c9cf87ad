import { CustodyError } from '../base/errors.js';
import { type GitProcess, runGit } from './spawn.js';

/** `git cat-file --batch`: one process reads any number of objects. */

export interface GitObject {
  readonly type: string;
  readonly bytes: Buffer;
}

export interface ObjectHeader {
  readonly id: string;
  readonly type: string;
  readonly size: number;
}

/**
 * Objects in the order of `names` (ids, or `<commit>:<path>` of checked parts); null for one that is not there.
 * @param tooLarge called with the place and size of an object over `maxBytes`, before it is read; it must throw
 */
export async function readObjects(
  git: GitProcess,
  names: readonly string[],
  maxBytes: number,
  tooLarge: (at: number, size: number) => never,
): Promise<readonly (GitObject | null)[]> {
  if (names.length === 0) return [];
  const objects: (GitObject | null)[] = [];
  let header: ObjectHeader | null = null;
  let rest: Buffer = Buffer.alloc(0);
  const onOutput = (chunk: Buffer): void => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      if (header === null) {
        const end = rest.indexOf(0x0a);
        if (end < 0) return;
        header = parseHeader(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 1);
        if (header === null) objects.push(null);
        else if (header.size > maxBytes) tooLarge(objects.length, header.size);
      } else {
        if (rest.length <= header.size) return;
        // A copy: a view would keep the whole chunk alive for a few hundred bytes.
        objects.push({ type: header.type, bytes: Buffer.from(rest.subarray(0, header.size)) });
        rest = rest.subarray(header.size + 1);
        header = null;
      }
    }
  };
  await runGit(git, ['cat-file', '--batch'], { input: `${names.join('\n')}\n`, onOutput });
  return complete(objects, names.length);
}

/** Type and size of objects in the order of `names`; null for one that is not there. */
export async function readHeaders(
  git: GitProcess,
  names: readonly string[],
): Promise<readonly (ObjectHeader | null)[]> {
  if (names.length === 0) return [];
  const output = await runGit(git, ['cat-file', '--batch-check'], { input: `${names.join('\n')}\n` });
  const lines = output.toString('utf8').split('\n').slice(0, -1);
  return complete(lines.map(parseHeader), names.length);
}

function parseHeader(line: string): ObjectHeader | null {
  const match = /^([0-9a-f]{40}) ([a-z]+) (\d+)$/.exec(line);
  return match ? { id: match[1] ?? '', type: match[2] ?? '', size: Number(match[3]) } : null;
}

function complete<T>(found: readonly T[], expected: number): readonly T[] {
  if (found.length === expected) return found;
  throw new CustodyError('STORAGE', `git cat-file answered ${found.length} of ${expected} questions`);
}
