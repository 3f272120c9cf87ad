import { principalsOf } from '../backup/key-in.js';
import { type OpenBackup, openBackupAt } from '../backup/newest.js';
import type { Principal } from '../backup/snapshot.js';
import { CustodyError } from '../base/errors.js';
import type { Scene } from './ports.js';

/** Where the drill of backups was left out; what is wrong with one that cannot be opened, that drill says. */
export async function newestHere({ place, verifier, state }: Scene): Promise<OpenBackup | null> {
  try {
    return await openBackupAt(await place.store.local(), verifier, state);
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

/** Roles as the newest backup knows them; none where it cannot be read. */
export async function rolesHere(scene: Scene): Promise<readonly Principal[]> {
  const newest = await newestHere(scene);
  try {
    return newest === null ? [] : await principalsOf(newest);
  } catch (cause) {
    if (cause instanceof CustodyError) return [];
    throw cause;
  }
}
