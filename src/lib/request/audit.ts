import { CustodyError } from '../base/errors.js';
import { carry } from '../ledger/carried.js';
import type { InForce } from './in-force.js';
import type { Ports } from './ports.js';

/**
 * Tells the plan's audit ledger of everything in the repository's chain that it does not know yet.
 * @returns how many entries were carried; 0 where the plan has no ledger but that chain
 * @throws CustodyError LEDGER_BROKEN when the two part; DENIED, UNAVAILABLE, THROTTLED, STORAGE
 */
export async function tellLedger({ audit, clock, random }: Ports, { plan: { plan }, view }: InForce): Promise<number> {
  if (plan.ledger.store === 'git') return 0;
  const jitter = () => (random(1)[0] ?? 0) / 256;
  return carry(await audit(plan), view, { clock, random: jitter });
}

const AGAIN = 'custody ledger carry tries it alone; then run the command again.';

/** Before anything is called at AWS: what could not be told of does not happen. @throws CustodyError as `tellLedger`, with a next step */
export async function assertTold(ports: Ports, state: InForce): Promise<void> {
  try {
    await tellLedger(ports, state);
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    throw new CustodyError(
      cause.code,
      `nothing was called at AWS, as the audit ledger was not told: ${cause.message}`,
      {
        cause,
        details: cause.details ?? {},
        suggestions: cause.code === 'LEDGER_BROKEN' ? cause.suggestions : [AGAIN],
      },
    );
  }
}

/** After something happened, which stands whatever the ledger says: the next run carries it. */
export async function tellIfPossible(ports: Ports, state: InForce): Promise<void> {
  try {
    await tellLedger(ports, state);
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    ports.progress(`The audit ledger was not told yet (${cause.message}): custody ledger carry`);
  }
}
