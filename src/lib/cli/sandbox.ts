import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { Flags } from '@oclif/core';
import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { parseDuration } from '../base/time.js';
import { exportLines } from '../sandbox/config-files.js';
import { controlSandbox, findSandbox, startSandbox, stopSandbox, untilStopped } from '../sandbox/process.js';
import { type SandboxInfo, serve } from '../sandbox/serve.js';
import type { Context } from './context.js';
import { pairs } from './render.js';

/** What the sandbox commands share: where the sandbox lies, and what is asked of it. */

export const sandboxFlags = {
  dir: Flags.string({ description: 'where the sandbox keeps its state (else XDG_STATE_HOME/custody/sandbox)' }),
};

interface StartFlags {
  readonly dir?: string | undefined;
  readonly port?: number | undefined;
  readonly regions?: string | undefined;
  readonly quotas?: boolean;
  readonly propagation?: string | undefined;
}

function dirOf({ environment }: Context, given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  const state = environment.XDG_STATE_HOME;
  return join(state && isAbsolute(state) ? state : join(homedir(), '.local', 'state'), 'custody', 'sandbox');
}

/** The sandbox as `--json` shows it. */
function sandboxJson({ endpoint, pid, dir, configFile, credentialsFile, profiles }: SandboxInfo) {
  return { endpoint, pid, dir, configFile, credentialsFile, profiles };
}

/** Starts the server in the background, or finds it running. @throws CustodyError LOCKED, TIMEOUT, UNAVAILABLE */
export async function startInBackground(
  context: Context,
  packageRoot: string,
  { dir: given, port, regions, quotas, propagation }: StartFlags,
) {
  const dir = dirOf(context, given);
  const options = [
    ...(port ? ['--port', String(port)] : []),
    ...(regions ? ['--regions', regions] : []),
    ...(quotas ? ['--quotas'] : []),
    ...(propagation ? ['--propagation', propagation] : []),
  ];
  const info = await startSandbox({
    dir,
    entry: join(packageRoot, 'bin', 'run.js'),
    args: ['sandbox', 'start', '--foreground', '--dir', dir, ...options],
    env: context.environment,
    onProgress: (waited) => context.progress.tell(`Starting the sandbox (${Math.round(waited / 1000)} s)`),
  });
  context.progress.done();
  return { text: sandboxText(info), json: { sandbox: sandboxJson(info), alreadyRunning: info.alreadyRunning } };
}

/** Serves until it is stopped or interrupted. @throws CustodyError LOCKED, ENDPOINT_REFUSED, STORAGE */
export async function startInForeground(
  context: Context,
  { dir, port, regions, quotas = false, propagation }: StartFlags,
  tell: (text: string) => void,
) {
  const given = {
    ...(port ? { port } : {}),
    ...(regions ? { regions: regions.split(',') } : {}),
    quotas,
    propagation: propagation === 'instant' ? ('instant' as const) : ('documented' as const),
  };
  const serving = await serve({ dir: dirOf(context, dir), ...given });
  tell(sandboxText(serving.info));
  await untilStopped(serving);
  return { sandbox: sandboxJson(serving.info), alreadyRunning: false };
}

/** Null when none runs there. */
export async function sandboxStatus(context: Context, given: string | undefined) {
  const dir = dirOf(context, given);
  const info = await findSandbox(dir);
  if (info === null) return { dir, found: null };
  const { sandbox: model } = await controlSandbox(dir, 'GET', 'status');
  return {
    dir,
    found: { text: sandboxText(info, modelRows(model)), json: { ...sandboxJson(info), model } },
  };
}

/** @returns whether one was running */
export async function stopAt(context: Context, given: string | undefined) {
  const dir = dirOf(context, given);
  return { dir, stopped: await stopSandbox(dir) };
}

/** @throws CustodyError UNAVAILABLE when no sandbox runs there */
export function resetAt(context: Context, given: string | undefined) {
  return controlSandbox(dirOf(context, given), 'POST', 'reset');
}

/** Moves the clock forward by a duration like `90d`. @throws CustodyError USAGE, UNAVAILABLE */
export function advanceBy(context: Context, given: string | undefined, duration: string) {
  const seconds = parseDuration(duration);
  if (seconds === null) throw new CustodyError('USAGE', `not a duration like 90s, 15m, 24h or 7d: ${duration}`);
  return controlSandbox(dirOf(context, given), 'POST', 'advance', { seconds });
}

/** Records of CloudTrail, oldest first. @throws CustodyError UNAVAILABLE when no sandbox runs there */
export async function dataEventsAt(context: Context, given: string | undefined): Promise<readonly JsonObject[]> {
  const { records } = await controlSandbox(dirOf(context, given), 'GET', 'data-events');
  const texts: readonly unknown[] = Array.isArray(records) ? records : [];
  return texts.map((text) => JSON.parse(String(text)) as JsonObject);
}

/** Switches a Region on or off. @throws CustodyError UNAVAILABLE, USAGE for an unknown Region */
export function switchRegion(context: Context, given: string | undefined, region: string, up: boolean) {
  return controlSandbox(dirOf(context, given), 'POST', 'region', { region, up });
}

type Row = readonly [label: string, value: string];

/** The time there and which Regions answer. */
function modelRows(model: unknown): readonly Row[] {
  const { now, regions } = isObject(model) ? model : {};
  const names = (Array.isArray(regions) ? regions : [])
    .filter(isObject)
    .map(({ name, up }) => `${String(name)} ${up === true ? 'up' : 'DOWN'}`);
  return [
    ['time', String(now)],
    ['regions', names.join(', ')],
  ];
}

/** Where the sandbox is, and the lines that make AWS tools use it. */
function sandboxText(info: SandboxInfo, more: readonly Row[] = []): string {
  const rows: readonly Row[] = [
    ['endpoint', info.endpoint],
    ['directory', info.dir],
    ['profiles', info.profiles.map(({ name }) => name).join(', ')],
    ...more,
  ];
  return `${pairs(rows)}\n\n${exportLines(info).join('\n')}`;
}
