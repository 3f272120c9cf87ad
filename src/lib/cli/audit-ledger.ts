import { CustodyError } from '../base/errors.js';
import { createObjectDirectory } from '../fs/object-directory.js';
import type { ObjectStore } from '../ledger/objects.js';
import { createSlotLedger, type SlotLedger } from '../ledger/slots.js';
import type { Plan } from '../plan/plan.js';

/** The audit ledger of a plan. @throws CustodyError USAGE when the plan has none beside the repository's chain */
export async function openAuditLedger(plan: Plan): Promise<SlotLedger> {
  return createSlotLedger(openLedgerObjects(plan));
}

/** The store of the plan's audit ledger. @throws CustodyError USAGE */
export function openLedgerObjects({ ledger }: Plan): ObjectStore {
  if (ledger.store === 'directory' && ledger.directory !== undefined) return createObjectDirectory(ledger.directory);
  throw new CustodyError('USAGE', "the plan has no audit ledger beside the repository's chain", {
    suggestions: ['ledger.store in custody.yaml says where it lies.'],
  });
}
