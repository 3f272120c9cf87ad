import { CustodyError } from '../base/errors.js';
import { compareTold, type ToldCopies } from '../copy/told.js';
import { verifyLedger } from '../inspect/ledger.js';
import { verifyChain } from '../ledger/chain.js';
import { type LedgerTree, readLedgerEntries, readLedgerHead } from '../ledger/view.js';
import { type AuditHead, drillAuditLedger } from './audit-ledger.js';
import { drillsFault, readDrills } from './history.js';
import type { Scene } from './ports.js';
import { type Answer, fail, none, open, type Probe, pass, passIf } from './probe.js';

/**
 * The chain with its records, the heads that were seen before, the line of drills, what it tells of kept copies, and the audit
 * ledger of the plan.
 */
export async function drillLedger(scene: Scene, probe: Probe): Promise<AuditHead | null> {
  const { state, verifier, history } = scene;
  const { view } = state;
  const entries = allEntries(view);
  await probe.ask('chain', null, async () => {
    const { checks, entries, head } = await verifyLedger(view);
    const bad = checks.find(({ status }) => status === 'fail') ?? checks.find(({ status }) => status === 'skip');
    if (bad) return { status: bad.status, detail: bad.detail };
    return pass(`${entries} entries, each with its record, and no record without one; head ${head.digest}`);
  });
  await probe.ask('remembered', null, () =>
    ofWhole(async () => {
      const remembered = history.map(({ said }) => ({ size: said.ledger.entries, digest: said.ledger.head }));
      const stored = await entries();
      const alone = verifyChain(stored).verdict;
      if (alone !== 'verified')
        return open(alone === 'unproven' ? 'there are no entries' : 'the chain itself does not hold');
      const [fault] = verifyChain(stored, { remembered }).faults;
      if (fault) return fail(fault.message);
      // That the head goes forward from what this machine has seen was checked before anything else was read.
      return pass(
        `it leads through the head that this machine has seen, and through those of ${remembered.length} drills`,
      );
    }),
  );
  await probe.ask('drills', null, () =>
    ofWhole(async () => {
      const fault = await drillsFault(view, await readDrills(view, verifier, state));
      return passIf(
        fault === null,
        `${history.length} drills before this one, each told of and after the other`,
        fault ?? '',
      );
    }),
  );
  await probe.ask('copies', null, () => ofWhole(async () => copiesAnswer(await compareTold(view, await entries()))));
  return drillAuditLedger(scene, probe);
}

/** Every entry, read once. */
function allEntries(tree: LedgerTree): () => Promise<readonly Uint8Array[]> {
  let all: Promise<readonly Uint8Array[]> | null = null;
  const read = async () => readLedgerEntries(tree, 0, (await readLedgerHead(tree)).size);
  return () => {
    all ??= read();
    return all;
  };
}

function copiesAnswer({ kept, fault }: ToldCopies): Answer {
  if (fault !== null) return fail(fault);
  if (kept === 0) return none('no copy of imported material is kept, and the ledger tells of none');
  return pass(`${kept} copies of imported material, and the ledger tells of each`);
}

/** Of a ledger with a gap the check of the chain says so; what would have to read all of it can say nothing. */
async function ofWhole(question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await question();
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'LEDGER_BROKEN')
      return open(`without a whole chain: ${cause.message}`);
    throw cause;
  }
}
