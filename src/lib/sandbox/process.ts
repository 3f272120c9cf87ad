import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CustodyError, EXIT } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { callAdmin, readSandboxTime, readToken } from './client.js';
import { isAlive } from './lock.js';
import { readJsonFile, type SandboxInfo, type Serving } from './serve.js';
import { makePrivateDir } from './state.js';

export interface StartOptions {
  readonly dir: string;
  /** A script that calls `serve` for `dir`, and its arguments; Node runs it. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMillis?: number;
  /** Told about twice a second how long the start takes so far. */
  readonly onProgress?: (waitedMillis: number) => void;
}

const START_MILLIS = 30_000;
const STOP_MILLIS = 15_000;
const LOST_MILLIS = 5_000;
const POLL_MILLIS = 50;
const PROGRESS_MILLIS = 500;

/**
 * Starts the sandbox of `dir` in the background and answers when its endpoint does. One that already runs is answered
 * as it is.
 * @throws CustodyError UNAVAILABLE with the end of the log when it does not come up, TIMEOUT
 */
export async function startSandbox(options: StartOptions): Promise<SandboxInfo & { readonly alreadyRunning: boolean }> {
  const dir = resolve(options.dir);
  makePrivateDir(dir);
  const running = await findSandbox(dir);
  if (running) return { ...running, alreadyRunning: true };
  const log = openSync(join(dir, 'sandbox.log'), 'a', 0o600);
  const child = spawn(process.execPath, [options.entry, ...options.args], {
    cwd: dir,
    detached: true,
    env: options.env,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  try {
    const info = await waitUntilUp(dir, child, options);
    if (info.pid !== child.pid) await end(child);
    return { ...info, alreadyRunning: info.pid !== child.pid };
  } catch (cause) {
    await end(child);
    throw cause;
  }
}

/** A child that lost the race, or never came up, must not wake up later as a second sandbox. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function waitUntilUp(dir: string, child: ChildProcess, options: StartOptions): Promise<SandboxInfo> {
  const { timeoutMillis = START_MILLIS, onProgress = () => undefined } = options;
  let failure: Error | undefined;
  let lostMillis = 0;
  child.on('error', (cause) => {
    failure = cause;
  });
  for (let waited = 0; waited < timeoutMillis; waited += POLL_MILLIS) {
    const running = await findSandbox(dir).catch(() => null);
    if (running) return running;
    if (waited > 0 && waited % PROGRESS_MILLIS === 0) onProgress(waited);
    // The loser of two starts at once leaves with "locked": the winner will answer soon.
    lostMillis = child.exitCode === EXIT.conflict ? lostMillis + POLL_MILLIS : 0;
    const ended = child.exitCode !== null && (lostMillis === 0 || lostMillis > LOST_MILLIS);
    if (failure || ended || child.signalCode) throw notUp(dir, failure ?? child.signalCode ?? child.exitCode);
    await delay(POLL_MILLIS);
  }
  throw new CustodyError('TIMEOUT', `the sandbox did not answer within ${timeoutMillis / 1000} s`, {
    details: { log: logTail(dir) },
  });
}

function notUp(dir: string, cause: unknown): CustodyError {
  return new CustodyError(cause === EXIT.conflict ? 'LOCKED' : 'UNAVAILABLE', `the sandbox in ${dir} did not start`, {
    details: { log: logTail(dir) },
    suggestions: [`Read ${join(dir, 'sandbox.log')}.`],
    cause,
  });
}

function logTail(dir: string): string {
  try {
    return readFileSync(join(dir, 'sandbox.log'), 'utf8').slice(-2000);
  } catch {
    return '';
  }
}

/**
 * The sandbox that runs on `dir`; null when none does.
 * @throws CustodyError UNAVAILABLE when its process lives but does not answer
 */
export async function findSandbox(dir: string): Promise<SandboxInfo | null> {
  const info = readInfo(resolve(dir));
  if (info === null || !isAlive(info)) return null;
  await readSandboxTime(info.port, 2_000);
  return info;
}

/** Stops the sandbox of `dir`; false when none ran. @throws CustodyError TIMEOUT, UNAVAILABLE, DENIED */
export async function stopSandbox(dir: string, timeoutMillis = STOP_MILLIS): Promise<boolean> {
  const info = readInfo(resolve(dir));
  if (info === null || !isAlive(info)) return false;
  try {
    await callAdmin({ port: info.port, token: readToken(info.dir) }, 'POST', 'stop');
  } catch (cause) {
    // It may be on its way out already.
    if (!(cause instanceof CustodyError) || cause.code !== 'UNAVAILABLE') throw cause;
  }
  for (let waited = 0; waited < timeoutMillis; waited += POLL_MILLIS) {
    // The lock goes last: once it is gone the directory is free for the next start.
    if (!isAlive(info) || !existsSync(join(info.dir, 'lock'))) return true;
    await delay(POLL_MILLIS);
  }
  throw new CustodyError('TIMEOUT', `the sandbox (process ${info.pid}) did not stop`);
}

/**
 * An administrative operation of the sandbox that runs on `dir`: `status`, `advance` {seconds}, `region` {region, up},
 * `reset`, `faults`.
 * @throws CustodyError UNAVAILABLE when none runs, USAGE for an input that is refused
 */
export async function controlSandbox(
  dir: string,
  method: 'GET' | 'POST' | 'DELETE',
  name: string,
  input?: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const info = readInfo(resolve(dir));
  if (info === null || !isAlive(info)) {
    throw new CustodyError('UNAVAILABLE', `no sandbox runs in ${dir}`, {
      suggestions: ['Run `custody sandbox start`.'],
    });
  }
  return callAdmin({ port: info.port, token: readToken(info.dir) }, method, name, input);
}

/** Serves until the process is told to end (SIGINT, SIGTERM) or the sandbox is stopped. */
export async function untilStopped(serving: Serving): Promise<void> {
  const end = (): void => void serving.stop();
  process.on('SIGINT', end).on('SIGTERM', end);
  try {
    await serving.finished;
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}

function readInfo(dir: string): SandboxInfo | null {
  const value = readJsonFile(join(dir, 'endpoint.json'));
  if (!isObject(value)) return null;
  const { endpoint, port, pid, started, configFile, credentialsFile, profiles } = value;
  const texts = [endpoint, configFile, credentialsFile].every((item) => typeof item === 'string');
  const numbers = [port, pid].every((item) => Number.isSafeInteger(item) && Number(item) > 0);
  const startKnown = started === null || typeof started === 'string';
  // Only this tool writes here, into a directory that is its owner's alone; a directory that was moved says where it is.
  return texts && numbers && startKnown && Array.isArray(profiles) ? ({ ...value, dir } as SandboxInfo) : null;
}
