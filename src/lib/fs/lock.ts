import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, open, readFile, rm, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { errnoOf, PRIVATE_FILE, storageError } from './files.js';

export interface LockOptions {
  /** How long to wait for another process; 10 s unless told. */
  readonly timeoutMillis?: number;
}

const POLL_MILLIS = 25;
const BREAKER_MAX_AGE_MILLIS = 10_000;

/**
 * Runs `work` while no other process runs one under the same lock file. A lock whose process has died is taken over.
 * @throws CustodyError LOCKED when a living process keeps it beyond the timeout; STORAGE; else what `work` throws
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const content = JSON.stringify({
    pid: process.pid,
    started: startOf(process.pid),
    token: randomBytes(8).toString('hex'),
  });
  await take(path, content, performance.now() + (options.timeoutMillis ?? 10_000));
  try {
    return await work();
  } finally {
    await release(path, content);
  }
}

async function take(path: string, content: string, deadline: number): Promise<void> {
  while (!(await placeLock(path, content))) {
    const held = await readLock(path);
    if (held === null || (!isAlive(held) && (await breakLock(path, held)))) continue;
    if (performance.now() >= deadline) {
      throw new CustodyError('LOCKED', `another process holds ${path}`, {
        details: { path, pid: holderOf(held)?.pid ?? null },
        suggestions: ['Wait for the other custody command on this machine to end, then run it again.'],
      });
    }
    await wait(POLL_MILLIS);
  }
}

/** Puts a whole lock file in place or none: a lock that is seen always names its holder. */
async function placeLock(path: string, content: string): Promise<boolean> {
  const mine = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(mine, 'wx', PRIVATE_FILE);
    await file.writeFile(content).finally(() => file.close());
    await link(mine, path);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return false;
    throw storageError(cause, 'lock', path);
  } finally {
    await rm(mine, { force: true });
  }
}

/**
 * Removes the lock of a dead process. Only one process at a time may do that, else the second would remove the lock
 * that the first has just taken.
 */
async function breakLock(path: string, dead: string): Promise<boolean> {
  const breaker = `${path}.break`;
  if (!(await placeLock(breaker, String(process.pid)))) {
    const age = await stat(breaker).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    // Killed between two system calls: nobody else holds a breaker for seconds.
    if (age > BREAKER_MAX_AGE_MILLIS) await rm(breaker, { force: true });
    return false;
  }
  try {
    if ((await readLock(path)) === dead) await rm(path, { force: true });
    return true;
  } finally {
    await rm(breaker, { force: true });
  }
}

async function release(path: string, content: string): Promise<void> {
  if ((await readLock(path)) === content) await rm(path, { force: true });
}

async function readLock(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw storageError(cause, 'lock', path);
  }
}

function holderOf(content: string): { pid: number; started: string | null } | null {
  try {
    const value: unknown = JSON.parse(content);
    if (!isObject(value) || typeof value.pid !== 'number') return null;
    return { pid: value.pid, started: typeof value.started === 'string' ? value.started : null };
  } catch {
    return null;
  }
}

/** A number of a dead process can belong to a stranger by now; where /proc tells it, the start time decides. */
function isAlive(content: string): boolean {
  const holder = holderOf(content);
  if (holder === null) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (cause) {
    if (errnoOf(cause) !== 'EPERM') return false;
  }
  return holder.started === null || startOf(holder.pid) === holder.started;
}

/** Field 22 of /proc/PID/stat; the second field may hold blanks and brackets, so counting starts behind it. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
