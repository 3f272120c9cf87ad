import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SandboxInfo } from '../../src/lib/sandbox/serve.js';
import { PACKAGE_ROOT } from './built.js';
import { offeredOperations } from './sandbox-operations.js';

const run = promisify(execFile);
const SCRIPTS = join(PACKAGE_ROOT, 'test/interop/peer');

/** A Python that has boto3 and moto; undefined where nobody installed one (see .ci/run). */
export const python = process.env.CUSTODY_PEER_PYTHON;

/** Nothing of the caller's AWS set-up reaches a peer: a home of its own, and one profile of the sandbox's files. */
export function awsEnvironment(info: SandboxInfo, profile: string): Record<string, string | undefined> {
  return {
    PATH: process.env.PATH,
    HOME: info.dir,
    AWS_CONFIG_FILE: info.configFile,
    AWS_SHARED_CREDENTIALS_FILE: info.credentialsFile,
    AWS_PROFILE: profile,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** Runs a script of test/interop/peer to its end; answers the JSON that it printed. */
export async function runScript(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, unknown>> {
  // -B: the tree stays as it was.
  const words = ['-B', join(SCRIPTS, name)];
  const told = { ...env, OFFERED: JSON.stringify(offeredOperations()) };
  const { stdout } = await run(python ?? '', words, { env: told, timeout: 110_000, maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
}
