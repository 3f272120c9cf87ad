import { createGitLedgerStore } from '../git/ledger-store.js';
import type { LedgerStore } from '../ledger/store.js';
import type { Plan } from '../plan/plan.js';
import type { Context } from './context.js';

/** Where uses of keys are written: the audit ledger of the plan, or the repository's chain where there is no other. */
export async function ingestLedger(context: Context, plan: Plan): Promise<LedgerStore> {
  const { ports } = await context.desk();
  return plan.ledger.store === 'git' ? createGitLedgerStore(ports.store) : ports.audit(plan);
}
