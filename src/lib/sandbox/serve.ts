import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { type ConfigFiles, writeConfigFiles, writePrivateFile } from './config-files.js';
import { thisProcess } from './lock.js';
import { createSandbox, DEFAULT_REGIONS, type Sandbox, type SandboxOptions } from './sandbox.js';
import { type RunningServer, startServer } from './server.js';
import { openFileStore } from './state.js';

export interface ServeOptions
  extends Pick<SandboxOptions, 'seed' | 'services' | 'roleTags' | 'quotas' | 'propagation' | 'onKill' | 'onBug'> {
  /** Made with mode 0700; holds the state, the token and the AWS config files. */
  readonly dir: string;
  /** Default: the port of the last run where it is free, else any. */
  readonly port?: number;
  /** Default: those of the last run. */
  readonly regions?: readonly string[];
}

/** How to reach a running sandbox: the contents of `endpoint.json`. */
export interface SandboxInfo extends ConfigFiles {
  readonly endpoint: string;
  readonly port: number;
  readonly pid: number;
  /** Start time of the process where the system tells it: a process id alone may be another's by now. */
  readonly started: string | null;
  readonly dir: string;
}

export interface Serving {
  readonly info: SandboxInfo;
  readonly sandbox: Sandbox;
  /** Resolves when the server has stopped and the directory is free again. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

interface Settings {
  readonly port: number;
  readonly regions: readonly string[];
}

const REGION = /^[a-z]{2}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/;

/**
 * Runs the sandbox of `dir` in this process until `stop`, or until the administrative operation of that name.
 * @throws CustodyError LOCKED when another process serves it, CONFLICT when the wanted port is taken, STORAGE, USAGE
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  const dir = resolve(options.dir);
  const last = readSettings(dir);
  const regions = checkRegions(options.regions ?? last?.regions ?? DEFAULT_REGIONS);
  const store = openFileStore(dir);
  try {
    const sandbox = createSandbox({ ...options, regions, store });
    let end = (): void => undefined;
    const asked = new Promise<void>((done) => {
      end = done;
    });
    const server = await listen(sandbox, options.port, last?.port, keepToken(dir), end);
    return run(dir, sandbox, server, asked, end);
  } catch (cause) {
    store.close();
    throw cause;
  }
}

function run(dir: string, sandbox: Sandbox, server: RunningServer, asked: Promise<void>, end: () => void): Serving {
  const { endpoint, port } = server;
  const info: SandboxInfo = { endpoint, port, ...thisProcess(), dir, ...writeConfigFiles(dir, sandbox, endpoint) };
  const settings: Settings = { port, regions: sandbox.regions };
  writePrivateFile(join(dir, 'settings.json'), `${JSON.stringify(settings)}\n`);
  // Last: whoever sees this file may go on.
  writePrivateFile(join(dir, 'endpoint.json'), `${JSON.stringify(info)}\n`);
  const finished = asked.then(async () => {
    await server.stop();
    rmSync(join(dir, 'endpoint.json'), { force: true });
    sandbox.close();
  });
  const stop = (): Promise<void> => {
    end();
    return finished;
  };
  return { info, sandbox, finished, stop };
}

async function listen(
  sandbox: Sandbox,
  wanted: number | undefined,
  last: number | undefined,
  token: string,
  onStop: () => void,
): Promise<RunningServer> {
  const options = { sandbox, token, onStop };
  if (wanted !== undefined || last === undefined) return startServer({ ...options, port: wanted ?? 0 });
  try {
    return await startServer({ ...options, port: last });
  } catch (cause) {
    // The port of the last run is a convenience: another program may have it now.
    if (!(cause instanceof CustodyError) || cause.code !== 'CONFLICT') throw cause;
    return startServer(options);
  }
}

function checkRegions(regions: readonly string[]): readonly string[] {
  const sound =
    regions.length > 0 && new Set(regions).size === regions.length && regions.every((name) => REGION.test(name));
  if (sound) return regions;
  throw new CustodyError('USAGE', 'regions: expected at least one name such as eu-central-1, each once');
}

function readSettings(dir: string): Settings | null {
  const value = readJsonFile(join(dir, 'settings.json'));
  if (!isObject(value) || typeof value.port !== 'number' || !Array.isArray(value.regions)) return null;
  return { port: value.port, regions: value.regions.filter((name) => typeof name === 'string') };
}

/** The file's JSON; null when it is absent or damaged. */
export function readJsonFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function keepToken(dir: string): string {
  const file = join(dir, 'token');
  try {
    const kept = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{64}$/.test(kept)) return kept;
  } catch {}
  const token = randomBytes(32).toString('hex');
  writePrivateFile(file, `${token}\n`);
  return token;
}
