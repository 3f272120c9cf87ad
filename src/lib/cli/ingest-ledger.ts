import { createObjectDirectory } from '../fs/object-directory.js';
import { createGitLedgerStore } from '../git/ledger-store.js';
import { createSlotLedger } from '../ledger/slots.js';
import type { LedgerStore } from '../ledger/store.js';
import type { Plan } from '../plan/plan.js';
import type { Context } from './context.js';

/** The audit ledger of the plan. */
export async function auditLedger(context: Context, { ledger }: Plan): Promise<LedgerStore> {
  if (ledger.directory !== undefined) return createSlotLedger(createObjectDirectory(ledger.directory));
  return createGitLedgerStore((await context.desk()).ports.store);
}
