import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { exportLines } from '../sandbox/config-files.js';
import type { SandboxInfo } from '../sandbox/serve.js';
import { pairs } from './render.js';

export const sandboxFlags = {
  dir: Flags.string({ description: 'where the sandbox keeps its state (else XDG_STATE_HOME/custody/sandbox)' }),
};

export function sandboxDir(given: string | undefined, environment: NodeJS.ProcessEnv): string {
  if (given !== undefined) return resolve(given);
  const state = environment.XDG_STATE_HOME;
  return join(state && isAbsolute(state) ? state : join(homedir(), '.local', 'state'), 'custody', 'sandbox');
}

/** The sandbox as `--json` shows it. */
export function sandboxJson({ endpoint, pid, dir, configFile, credentialsFile, profiles }: SandboxInfo) {
  return { endpoint, pid, dir, configFile, credentialsFile, profiles };
}

export function sandboxText(info: SandboxInfo): string {
  const rows = [
    ['endpoint', info.endpoint],
    ['directory', info.dir],
    ['profiles', info.profiles.map(({ name }) => name).join(', ')],
  ] as const;
  return `${pairs(rows)}\n\n${exportLines(info).join('\n')}`;
}
