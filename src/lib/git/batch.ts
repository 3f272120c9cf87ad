import { CatFile } from './cat-file.js';
import type { GitProcess } from './spawn.js';

/** What `git cat-file` tells of objects: one process answers any number of questions. */

/** The processes of each repository that is open; they go with it. */
const OPEN = new WeakMap<GitProcess, { readonly objects: CatFile; readonly headers: CatFile }>();

function processesOf(git: GitProcess) {
  const open = OPEN.get(git) ?? {
    objects: new CatFile(git, '--batch'),
    headers: new CatFile(git, '--batch-check'),
  };
  OPEN.set(git, open);
  return open;
}

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
  const objects: (GitObject | null)[] = [];
  await visitObjects(git, names, { maxBytes, tooLarge, visit: (object) => objects.push(object) });
  return objects;
}

export interface ObjectVisitor {
  readonly maxBytes: number;
  readonly tooLarge: (at: number, size: number) => never;
  readonly visit: (object: GitObject | null, at: number) => void;
}

/** The same, handed over one after another: nothing is kept. */
export async function visitObjects(git: GitProcess, names: readonly string[], visitor: ObjectVisitor): Promise<void> {
  if (names.length === 0) return;
  const { maxBytes, tooLarge, visit } = visitor;
  let found = 0;
  let header: ObjectHeader | null = null;
  let unread: Buffer[] = [];
  let length = 0;
  const visitWhole = (bytes: Buffer): Buffer => {
    let rest = bytes;
    while (found < names.length) {
      if (header === null) {
        const end = rest.indexOf(0x0a);
        if (end < 0) break;
        header = parseHeader(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 1);
        if (header === null) visit(null, found++);
        else if (header.size > maxBytes) tooLarge(found, header.size);
      } else {
        if (rest.length <= header.size) break;
        // A copy: a view would keep the whole chunk alive for a few hundred bytes.
        visit({ type: header.type, bytes: Buffer.from(rest.subarray(0, header.size)) }, found++);
        rest = rest.subarray(header.size + 1);
        header = null;
      }
    }
    return rest;
  };
  await processesOf(git).objects.ask(names, (chunk) => {
    unread.push(chunk);
    length += chunk.length;
    // A large object comes in many chunks, which are joined once.
    if (header !== null && length <= header.size) return false;
    const rest = visitWhole(unread.length === 1 ? chunk : Buffer.concat(unread));
    unread = rest.length === 0 ? [] : [rest];
    length = rest.length;
    return found >= names.length;
  });
}

/**
 * Id, type and size of objects in the order of `names` (ids, names of refs, or `<commit>:<path>` of checked parts); null
 * for one that is not there.
 */
export async function readHeaders(
  git: GitProcess,
  names: readonly string[],
): Promise<readonly (ObjectHeader | null)[]> {
  if (names.length === 0) return [];
  const headers: (ObjectHeader | null)[] = [];
  let rest = '';
  await processesOf(git).headers.ask(names, (chunk) => {
    const lines = `${rest}${chunk.toString('latin1')}`.split('\n');
    rest = lines.pop() ?? '';
    headers.push(...lines.map(parseHeader));
    return headers.length >= names.length;
  });
  return headers;
}

function parseHeader(line: string): ObjectHeader | null {
  const match = /^([0-9a-f]{40}) ([a-z]+) (\d+)$/.exec(line);
  return match ? { id: match[1] ?? '', type: match[2] ?? '', size: Number(match[3]) } : null;
}
