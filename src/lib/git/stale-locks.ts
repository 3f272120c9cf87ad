import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { REFS } from './refs.js';

/** Lock files (gitrepository-layout, "refs") of the refs that custody moves in a clone. */
const LOCKS = [...Object.values(REFS), 'refs/remotes/origin/main', 'packed-refs'].map((name) => `${name}.lock`);
/** Git holds them for milliseconds; a git that outlived a killed custody may just hold one. */
const STALE_MILLIS = 30_000;

/**
 * Removes what a git that was killed, or a machine that lost power, left behind: no git would move these refs again.
 * Called under the clone's lock, so no other custody is at work.
 */
export async function removeStaleLocks(gitDir: string): Promise<void> {
  for (const lock of LOCKS) {
    const path = join(gitDir, lock);
    const found = await stat(path).catch(() => null);
    if (found !== null && Date.now() - found.mtimeMs > STALE_MILLIS) await rm(path, { force: true });
  }
}
