import { CustodyError } from '../base/errors.js';
import { secondsBetween } from '../base/time.js';
import { assertByTable } from '../record/action.js';
import { type OpenRecord, requestIdOf } from '../record/envelope.js';
import { digestOfJson } from '../record/statement.js';
import type { Identity } from '../roster/roster.js';
import type { Rules } from './evidence.js';
import { signerOf } from './signer.js';

/**
 * Assures that a request is one at all: signed by a listed identity, about this repository, plan, roster and account,
 * with the calls of the action table and windows no wider than the plan's.
 * @throws CustodyError RECORD_MALFORMED, SIGNER_UNKNOWN, SIGNATURE_INVALID, REFUSED
 */
export function assertRequest(request: OpenRecord<'request'>, rules: Rules): Identity {
  const said = request.statement.predicate;
  const signer = signerOf(request, rules.roster);
  if (signer === 'unknown') throw new CustodyError('SIGNER_UNKNOWN', 'the request is signed by no key of its roster');
  if (signer === 'invalid') throw new CustodyError('SIGNATURE_INVALID', 'the signature of the request does not verify');
  const faults = requestFaults(request, rules, signer);
  if (faults.length > 0) {
    throw new CustodyError('REFUSED', `request ${requestIdOf(request.digest)}: ${faults.join('; ')}`, {
      details: { faults },
    });
  }
  assertByTable(said);
  return signer;
}

function requestFaults(request: OpenRecord<'request'>, rules: Rules, signer: Identity): string[] {
  const said = request.statement.predicate;
  const { plan } = rules;
  const regions = [plan.regions.primary, ...plan.regions.replicas];
  const checks: readonly (readonly [boolean, string])[] = [
    [said.by === signer.id, `it says that ${said.by} wrote it, but ${signer.id} signed it`],
    [said.repository === rules.repository, 'it belongs to another repository'],
    [said.plan.digest === rules.planDigest, 'it names another plan'],
    [said.roster.digest === rules.rosterDigest, 'it names another roster'],
    [said.account === plan.account && said.partition === plan.partition, 'it is about another account'],
    [said.endpoint === plan.environment, `it is for ${said.endpoint}, the plan for ${plan.environment}`],
    [regions.includes(said.region), `Region ${said.region} is not in the plan`],
    [
      secondsBetween(said.at, said.approveBy) <= plan.quorum.approvalWindowSeconds,
      'its approval window is wider than the plan allows',
    ],
    [secondsBetween(said.at, said.approveBy) > 0, 'its approval window is empty'],
    [
      said.executeWithinSeconds <= plan.quorum.executionWindowSeconds,
      'its execution window is wider than the plan allows',
    ],
    [subjectIs(request), 'its subject is not the digest of its calls'],
  ];
  return checks.filter(([ok]) => !ok).map(([, fault]) => fault);
}

function subjectIs({ statement }: OpenRecord<'request'>): boolean {
  const [first, ...rest] = statement.subjects;
  return rest.length === 0 && first?.name === 'calls' && first.digest === digestOfJson(statement.predicate.calls);
}
