import { CustodyError } from '../base/errors.js';
import type { ClonePin } from '../fs/clone-pin.js';
import { readFileBounded } from '../fs/files.js';
import { type Memory, parseMemory } from '../record/memory.js';
import type { RecordStore } from '../record/store.js';
import { assertHolds, type InForce } from '../request/in-force.js';

/** What `--pin FILE` says. @throws CustodyError NOT_FOUND, STORAGE */
export async function readPin(file: string): Promise<Memory> {
  const bytes = await readFileBounded(file, 16 * 1024);
  if (bytes === null) throw new CustodyError('NOT_FOUND', `there is no file ${file}`);
  return parseMemory(bytes, file);
}

/**
 * That a repository is the one of this clone, and holds what the run was pinned to.
 * @throws CustodyError GENESIS_MISMATCH (T26), ROLLBACK (T24, T30)
 */
export async function assertPinned(
  state: InForce,
  store: RecordStore,
  { genesis }: ClonePin,
  pinned: Memory | null,
): Promise<void> {
  if (state.genesis.digest !== genesis) {
    throw new CustodyError('GENESIS_MISMATCH', 'this is not the repository that this clone was pinned to', {
      details: { expected: genesis, found: state.genesis.digest },
    });
  }
  if (pinned !== null) await assertHolds(pinned, state, store, 'the pin names');
}
