import type { Instant } from '../base/time.js';
import { disarm } from '../request/arm.js';
import type { Case } from '../request/case.js';
import type { Vetoed } from '../request/veto.js';
import type { Seat } from './context.js';
import { requestJson } from './present.js';
import { requestScreen, stateText } from './request-screen.js';
import { visible } from './visible.js';

/** What a rejection or withdrawal came to; it takes the own approval slot away as well. */
export async function vetoedBy({ ports, aws, actor }: Seat, { case: found, pushed }: Vetoed) {
  const disarmed = await disarm(ports, aws, found, actor.identity.id);
  const waits = pushed ? '' : ' The signature waits in this clone for the network; until then nobody else sees it.';
  const text = `Request ${found.id} is ${stateText(found.verdict.state)}: ${visible(found.verdict.because)}.${waits}${disarmed ? ' Your approval slot at AWS is cleared.' : ''}`;
  return { text, json: { request: requestJson(found), pushed } };
}

/** What would be ended: the result of `--dry-run`. */
export function dryRunOf(found: Case, now: Instant) {
  return { text: requestScreen(found, now), json: { dryRun: true, request: requestJson(found) } };
}
