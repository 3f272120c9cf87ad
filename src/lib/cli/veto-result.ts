import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import { disarm, leavesSlot } from '../request/arm.js';
import type { Case } from '../request/case.js';
import type { Vetoed } from '../request/veto.js';
import type { Seat } from './context.js';
import { requestJson } from './present.js';
import { requestScreen, stateText } from './request-screen.js';
import { visible } from './visible.js';

/**
 * What a rejection or withdrawal came to; it takes the own approval slot away as well, also where an earlier run of the
 * same was cut off before it could.
 */
export async function vetoedBy(seat: Seat, id: string, veto: () => Promise<Vetoed>) {
  const { ports, aws, actor } = seat;
  const { case: found, pushed } = await veto().catch((cause: unknown) => takeLeftSlot(seat, id, cause));
  const disarmed = await disarm(ports, aws, found, actor.identity.id);
  const waits = pushed ? '' : ' The signature waits in this clone for the network; until then nobody else sees it.';
  const text = `Request ${found.id} is ${stateText(found.verdict.state)}: ${visible(found.verdict.because)}.${waits}${disarmed ? ' Your approval slot at AWS is cleared.' : ''}`;
  return { text, json: { request: requestJson(found), pushed } };
}

async function takeLeftSlot({ ports, aws, actor }: Seat, id: string, cause: unknown): Promise<never> {
  const { id: by } = actor.identity;
  if (cause instanceof CustodyError && (cause.code === 'REQUEST_ENDED' || cause.code === 'REFUSED')) {
    const left = await leavesSlot(ports, id, by);
    if (left !== null && (await disarm(ports, aws, left, by)))
      ports.progress(`Your approval slot at AWS for ${id} is cleared.`);
  }
  throw cause;
}

/** What would be ended: the result of `--dry-run`. */
export function dryRunOf(found: Case, now: Instant) {
  return { text: requestScreen(found, now), json: { dryRun: true, request: requestJson(found) } };
}
