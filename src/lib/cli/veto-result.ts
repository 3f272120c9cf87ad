import type { Instant } from '../base/time.js';
import type { Case } from '../request/case.js';
import type { Vetoed } from '../request/veto.js';
import { requestJson } from './present.js';
import { requestScreen, stateText } from './request-screen.js';
import { visible } from './visible.js';

/** What a rejection or withdrawal came to. */
export function vetoed({ case: found, pushed }: Vetoed) {
  const waits = pushed ? '' : ' The signature waits in this clone for the network; until then nobody else sees it.';
  const text = `Request ${found.id} is ${stateText(found.verdict.state)}: ${visible(found.verdict.because)}.${waits}`;
  return { text, json: { request: requestJson(found), pushed } };
}

/** What would be ended: the result of `--dry-run`. */
export function dryRunOf(found: Case, now: Instant) {
  return { text: requestScreen(found, now), json: { dryRun: true, request: requestJson(found) } };
}
