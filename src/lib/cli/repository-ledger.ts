import { readCheckpoints } from '../inspect/checkpoints.js';
import { verifyChainWith } from '../inspect/ledger.js';
import { CHECKPOINT_FOLDER, checkpointPath, originOf } from '../ledger/checkpoint.js';
import type { LedgerMemory } from '../ledger/memory.js';
import { overLeaves } from '../ledger/subtrees.js';
import { leafHash } from '../ledger/tree.js';
import { readLedgerEntries, readLedgerHead } from '../ledger/view.js';
import type { InForce } from '../request/in-force.js';
import type { Ports } from '../request/ports.js';
import type { LedgerPlace } from './ledger-view.js';

/** The chain that the repository itself keeps, at the commit that was looked at. */
export function repositoryLedger({ store, clock, progress }: Ports, state: InForce, memory: LedgerMemory): LedgerPlace {
  const { view, roster, genesis } = state;
  const origin = originOf(genesis.digest, 'repository');
  const read = (from: number, to: number) => readLedgerEntries(view, from, to);
  return {
    name: 'repository',
    origin,
    reader: { head: () => readLedgerHead(view), read },
    hashSources: async () => [overLeaves((await read(0, (await readLedgerHead(view)).size)).map(leafHash))],
    memory,
    clock,
    checkpoints: async () => {
      const files = await view.read(await view.pathsUnder(`${CHECKPOINT_FOLDER}/`));
      return readCheckpoints(files, origin, roster).found;
    },
    verify: async () => verifyChainWith(view, { origin, roster, remembered: await memory.read() }),
    publish: async (size, note) => {
      const path = checkpointPath(size, note);
      const message = `Checkpoint of ${size} ledger entries`;
      await store.publish(async () => ({ message, files: new Map([[path, note]]) }), { onProgress: progress });
      return path;
    },
  };
}
