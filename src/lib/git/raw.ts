import type { Environment } from './environment.js';
import { runGit } from './spawn.js';

/** Git without any of custody's rules, as anyone with push access has it: a rehearsal's attacker works with this. */

export async function readRawFiles(gitDir: string, environment: Environment): Promise<ReadonlyMap<string, Uint8Array>> {
  const git = { gitDir, environment };
  const names = (await runGit(git, ['ls-tree', '-r', '-z', '--name-only', 'refs/heads/main'])).toString('utf8');
  const files = new Map<string, Uint8Array>();
  for (const path of names.split('\0').filter((name) => name !== '')) {
    files.set(path, await runGit(git, ['cat-file', 'blob', `refs/heads/main:${path}`]));
  }
  return files;
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
