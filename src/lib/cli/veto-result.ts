import type { Vetoed } from '../request/veto.js';
import { requestJson } from './present.js';
import { stateText } from './request-screen.js';

/** What a rejection or withdrawal came to. */
export function vetoed({ case: found, pushed }: Vetoed) {
  const waits = pushed ? '' : ' The signature waits in this clone for the network; until then nobody else sees it.';
  const text = `Request ${found.id} is ${stateText(found.verdict.state)}: ${found.verdict.because}.${waits}`;
  return { text, json: { request: requestJson(found), pushed } };
}
