import { CustodyError } from '../base/errors.js';
import { readObjects } from './batch.js';
import type { Environment } from './environment.js';
import { runGit } from './spawn.js';

/** Git without any of custody's rules, as anyone with push access has it: a rehearsal's attacker works with this. */

export async function readRawFiles(gitDir: string, environment: Environment): Promise<ReadonlyMap<string, Uint8Array>> {
  const git = { gitDir, environment };
  const names = (await runGit(git, ['ls-tree', '-r', '-z', '--name-only', 'refs/heads/main'])).toString('utf8');
  const paths = names.split('\0').filter((name) => name !== '');
  const objects = await readObjects(
    git,
    paths.map((path) => `refs/heads/main:${path}`),
    Number.POSITIVE_INFINITY,
    () => {
      throw new CustodyError('BUG', 'no size is too large');
    },
  );
  return new Map(paths.map((path, at) => [path, objects[at]?.bytes ?? new Uint8Array()]));
}

/** Adds one commit with these files, written over what is there. */
export async function addRawCommit(
  gitDir: string,
  environment: Environment,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const input: (string | Uint8Array)[] = [
    'commit refs/heads/main\ncommitter mallory <mallory@localhost> 0 +0000\ndata 6\nforged\nfrom refs/heads/main^0\n',
  ];
  for (const [path, bytes] of files) input.push(`M 100644 inline ${path}\ndata ${bytes.length}\n`, bytes, '\n');
  await runGit({ gitDir, environment }, ['fast-import', '--quiet'], { input });
}
