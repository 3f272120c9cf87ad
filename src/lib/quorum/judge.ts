import type { Digest } from '../base/bytes.js';
import type { Instant } from '../base/time.js';
import type { OpenRecord } from '../record/envelope.js';
import type { Evidence, Rules, Verdict } from './evidence.js';
import { executorFault, type IntentFinding, judgeIntent } from './intent.js';
import { judgeOpen, type State } from './open-state.js';
import { allOf, isAbout } from './records.js';
import { assertRequest } from './request.js';
import { rememberingSigners, signerOf } from './signer.js';

/**
 * What became of a request. Pure: the same evidence, rules and time give the same verdict; "no" is a verdict.
 * @throws CustodyError only when the request itself is none (`assertRequest`)
 */
export function judge(evidence: Evidence, rules: Rules, now: Instant): Verdict {
  const requester = assertRequest(evidence, rules, now);
  const rosters = rules.next ? [rules.roster, rules.next.roster] : [rules.roster];
  const basis = { evidence, rules, requester, signerOf: rememberingSigners(...rosters) };
  const [intent = null] = allOf(evidence, 'intent');
  const finding = intent === null ? null : judgeIntent(basis, intent, now);
  // Records that a valid intent did not see came too late: only what it saw decides.
  const visible = finding?.valid && intent ? (evidence.sees.get(intent.fileDigest) ?? null) : null;
  const open = judgeOpen(basis, now, visible);
  const receipt = finding?.valid ? receiptOf(evidence, rules, { open, intentDigest: finding.intentDigest }) : null;
  if (finding === null) return open;
  return { ...open, ...stateOf(finding, receipt), intent: finding.valid ? intent : null, receipt };
}

/** An intent consumes a request, whatever comes of it. */
function stateOf(finding: IntentFinding, receipt: OpenRecord<'receipt'> | null): State {
  if (!finding.valid) return { state: 'failed', because: `its intent is not valid: ${finding.because}` };
  if (receipt === null)
    return { state: 'executing', because: `${finding.signer.id} has begun; run execute again to finish` };
  const { outcome, by, error } = receipt.statement.predicate;
  return outcome === 'executed'
    ? { state: 'executed', because: `executed by ${by}` }
    : { state: 'failed', because: `${by} tried and failed: ${error?.code ?? 'no reason given'}` };
}

/** The receipt that answers the intent, signed by one who may execute; any other is as if it were not there. */
function receiptOf(
  evidence: Evidence,
  rules: Rules,
  { open, intentDigest }: { readonly open: ReturnType<typeof judgeOpen>; readonly intentDigest: Digest },
): OpenRecord<'receipt'> | null {
  for (const receipt of allOf(evidence, 'receipt')) {
    const said = receipt.statement.predicate;
    const signer = signerOf(receipt, rules.roster);
    if (typeof signer === 'string' || signer.id !== said.by || said.repository !== rules.repository) continue;
    if (said.request !== evidence.request.digest || said.intent !== intentDigest) continue;
    if (executorFault(signer, evidence.request, open, rules) !== null) continue;
    if (isAbout(receipt, intentDigest)) return receipt;
  }
  return null;
}
