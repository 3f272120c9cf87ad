import { CustodyError } from '../base/errors.js';
import type { Clock } from '../base/time.js';
import { checkpointsOf, type LedgerQuestion, verifyAuditLedger } from '../inspect/audit-ledger.js';
import { checkpointPath } from '../ledger/checkpoint.js';
import type { LedgerMemory } from '../ledger/memory.js';
import { createNamed } from '../ledger/named.js';
import { createSlotLedger } from '../ledger/slots.js';
import { overObjects, overStoredEntries, storeTiles } from '../ledger/subtrees.js';
import type { TailMemory } from '../ledger/tail-memory.js';
import type { LedgerPlace } from './ledger-view.js';

/** An audit ledger in a store of write-once objects. */
export function objectLedger(
  of: Omit<LedgerQuestion, 'remembered' | 'written'> & {
    readonly memory: LedgerMemory;
    /** Null for a folder that was named. */
    readonly tail: TailMemory | null;
    readonly clock: Clock;
  },
): LedgerPlace {
  const { objects, signed, memory, tail, clock } = of;
  return {
    name: 'ledger',
    origin: signed?.origin ?? null,
    reader: createSlotLedger(objects),
    hashSources: async () => [overObjects(objects), overStoredEntries(objects)],
    memory,
    clock,
    checkpoints: async () => (await checkpointsOf(objects, signed)).found,
    verify: async (depth) => {
      const written = (await tail?.read()) ?? null;
      return verifyAuditLedger({ ...of, remembered: await memory.read(), written }, depth);
    },
    publish: async (size, note) => {
      await storeTiles(objects, size);
      const path = checkpointPath(size, note);
      const answer = await createNamed(objects, path, note);
      if (answer === 'created' || Buffer.from(note).equals((await objects.read(path)) ?? Buffer.alloc(0))) return path;
      throw new CustodyError('LEDGER_BROKEN', `${path} holds other bytes than its name says`);
    },
  };
}
