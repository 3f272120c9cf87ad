import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { CustodyError } from '../base/errors.js';

interface Holder {
  readonly pid: number;
  /** Start time in the kernel's ticks where /proc tells it: a number of a dead process can belong to a stranger today. */
  readonly started: string | null;
}

/**
 * Takes the lock `file` for this process and answers how to release it. A lock of a dead process is taken over.
 * @throws CustodyError LOCKED when a living process holds it.
 */
export function takeLock(file: string): () => void {
  const mine = `${file}.${process.pid}.${process.hrtime.bigint()}`;
  const content = JSON.stringify({ pid: process.pid, started: startOf(process.pid) } satisfies Holder);
  writeFileSync(mine, content, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (link(mine, file)) return () => releaseLock(file, content);
      removeIfStale(file, `${mine}.stale`);
    }
    throw locked(file, null);
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Is the process that wrote this lock or endpoint file still the one it was? */
export function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (cause) {
    if (codeOf(cause) !== 'EPERM') return false;
  }
  return holder.started === null || startOf(holder.pid) === holder.started;
}

/** This process as a lock or an endpoint file names it. */
export function thisProcess(): Holder {
  return { pid: process.pid, started: startOf(process.pid) };
}

function removeIfStale(file: string, aside: string): void {
  const found = readOptional(file);
  if (found === null) return;
  const holder = parseHolder(found);
  if (holder !== null && isAlive(holder)) throw locked(file, holder.pid);
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  // Another process may have replaced the stale lock between the reading and the renaming: give a living one back.
  const moved = readOptional(aside);
  if (moved !== null && moved !== found) link(aside, file);
  rmSync(aside, { force: true });
}

function releaseLock(file: string, content: string): void {
  if (readOptional(file) === content) rmSync(file, { force: true });
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
}

function parseHolder(text: string): Holder | null {
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    if (typeof value.pid !== 'number' || !Number.isSafeInteger(value.pid) || value.pid < 1) return null;
    return { pid: value.pid, started: typeof value.started === 'string' ? value.started : null };
  } catch {
    return null;
  }
}

function startOf(pid: number): string | null {
  const stat = readOptional(`/proc/${pid}/stat`);
  // The second field, the command in brackets, can hold spaces; field 22 is the start time.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function readOptional(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}

function locked(file: string, pid: number | null): CustodyError {
  return new CustodyError(
    'LOCKED',
    `another sandbox uses this directory${pid === null ? '' : ` (process ${pid})`}: ${file}`,
    {
      suggestions: ['Stop it with `custody sandbox stop`, or start this one with another --dir.'],
    },
  );
}
