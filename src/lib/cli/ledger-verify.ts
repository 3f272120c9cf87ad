import type { VerifyDepth } from '../inspect/audit-walk.js';
import type { LedgerPlace, LedgerVerdict } from './ledger-view.js';

/** Verifies a ledger; one that was found whole is remembered, so that it must go on from there for ever. */
export async function verifyAndRemember(place: LedgerPlace, depth: VerifyDepth): Promise<LedgerVerdict> {
  const { report, toRemember } = await place.verify(depth);
  if (toRemember !== null) await place.memory.write({ ...toRemember, at: place.clock.now() });
  return report;
}
