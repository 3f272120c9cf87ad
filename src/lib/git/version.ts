import type { Environment } from './environment.js';
import { runGit } from './spawn.js';

/** The version that `git --version` tells. @throws CustodyError UNAVAILABLE when there is no git */
export async function gitVersion(environment: Environment): Promise<string> {
  const text = (await runGit({ gitDir: null, environment }, ['--version'])).toString('utf8');
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? text.trim();
}
