import { createGitLedgerStore } from '../git/ledger-store.js';
import { createLedgerSink, type GuardSink } from '../guard/sink.js';
import type { Plan } from '../plan/plan.js';
import type { Ports } from '../request/ports.js';

const UNTOLD = 'There is no ledger yet that this could be written to.';

/**
 * Where the guard's decisions are written: the audit ledger of the plan. Where the repository's chain is the only one, what was
 * let through has its intent and receipt there already, and only what was refused is added.
 * @param by who acts
 */
export function openGuardSink(ports: Ports, plan: Plan, by: string): GuardSink {
  const options = { clock: ports.clock, random: () => (ports.random(1)[0] ?? 0) / 256 };
  if (plan.ledger.store === 'git') {
    const sink = createLedgerSink(createGitLedgerStore(ports.store), by, options);
    return { record: async (call, decision) => (decision.allow ? undefined : sink.record(call, decision)) };
  }
  let opened: Promise<GuardSink> | undefined;
  let isSaid = false;
  const sayOnce = () => {
    if (!isSaid) ports.progress(UNTOLD);
    isSaid = true;
  };
  const open = async () => createLedgerSink(await ports.audit(plan), by, options);
  return {
    record: async (call, decision) => {
      opened ??= open();
      const recorded = opened.then((sink) => sink.record(call, decision));
      // The bucket comes before the ledger in it.
      await (call.purpose === 'ledger.provision' ? recorded.catch(sayOnce) : recorded);
    },
  };
}
