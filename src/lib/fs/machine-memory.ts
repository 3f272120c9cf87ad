import { formatMemory, type MachineMemory, type Memory, parseMemory } from '../record/memory.js';
import { openJsonFile } from './state.js';

/** What this machine remembers of a repository, in one file. @throws CustodyError as `openJsonFile` */
export function openMachineMemory(path: string): MachineMemory {
  const file = openJsonFile(path, (bytes) => parseMemory(bytes, path), formatMemory);
  return {
    read: file.read,
    replace: async (read, next) => {
      let isReplaced = false;
      await file.update((now) => {
        // Deleted meanwhile: it remembers nothing that could be overwritten.
        isReplaced = now === null || isSame(now, read);
        return now === null || isReplaced ? next : now;
      });
      return isReplaced;
    },
  };
}

function isSame(left: Memory, right: Memory | null): boolean {
  return right !== null && Buffer.compare(formatMemory(left), formatMemory(right)) === 0;
}
