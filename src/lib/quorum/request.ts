import type { Digest } from '../base/bytes.js';
import { CYCLE_ALIAS, CYCLE_KEY } from '../base/cycle.js';
import { CustodyError } from '../base/errors.js';
import { type Instant, isLaterBy } from '../base/time.js';
import type { Plan } from '../plan/plan.js';
import { assertByTable } from '../record/action.js';
import { type OpenRecord, requestIdOf } from '../record/envelope.js';
import { digestOfJson, type RequestPredicate } from '../record/statement.js';
import type { Identity } from '../roster/roster.js';
import { CLOCK_TOLERANCE_SECONDS, type Evidence, type Rules } from './evidence.js';
import { signerOf } from './signer.js';

/**
 * Assures that a request is one at all: signed by a listed identity on a head that is in the history, about this
 * repository, plan, roster and account, a key of the plan, with the calls of the action table and windows no wider than
 * the plan's.
 * @throws CustodyError RECORD_MALFORMED, SIGNER_UNKNOWN, SIGNATURE_INVALID, REFUSED
 */
export function assertRequest({ request, sees }: Evidence, rules: Rules, now: Instant): Identity {
  const said = request.statement.predicate;
  const signer = signerOf(request, rules.roster);
  if (signer === 'unknown') throw new CustodyError('SIGNER_UNKNOWN', 'the request is signed by no key of its roster');
  if (signer === 'invalid') throw new CustodyError('SIGNATURE_INVALID', 'the signature of the request does not verify');
  const faults = [
    ...requestFaults(request, rules, signer),
    ...placeFaults(said, sees.get(request.fileDigest) ?? null, now),
    ...keyFaults(said, rules.plan),
  ];
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
      !isLaterBy(plan.quorum.approvalWindowSeconds, said.at, said.approveBy),
      'its approval window is wider than the plan allows',
    ],
    [said.approveBy > said.at, 'its approval window is empty'],
    [
      said.executeWithinSeconds <= plan.quorum.executionWindowSeconds,
      'its execution window is wider than the plan allows',
    ],
    [subjectIs(request), 'its subject is not the digest of its calls'],
  ];
  return checks.filter(([ok]) => !ok).map(([, fault]) => fault);
}

/** Dated ahead, it would stay open for ever; from another view of the history, it is not of this repository (T12, T32). */
function placeFaults({ at }: RequestPredicate, seen: ReadonlySet<Digest> | null, now: Instant): string[] {
  return [
    ...(seen === null ? ['the head that it names is not in the history'] : []),
    ...(isLaterBy(CLOCK_TOLERANCE_SECONDS, now, at) ? ['it is dated in the future'] : []),
  ];
}

/** Name, alias and ARN must be one key: people read the name, AWS takes the ARN (T3, T4). */
function keyFaults({ action, key, partition, region, account }: RequestPredicate, plan: Plan): string[] {
  if (action === 'plan.update' || action === 'roster.update') return key === null ? [] : ['it is about no key'];
  const alias = key === null ? null : aliasOf(action, key.name, plan);
  if (key === null || alias === null) return ['the plan has no such key'];
  const arn = action === 'key.create' ? null : `arn:${partition}:kms:${region}:${account}:key/${key.keyId}`;
  return [
    ...(key.alias === alias ? [] : [`its alias is not that of ${key.name} in the plan`]),
    ...(key.arn === arn && (key.keyId === null) === (arn === null) ? [] : ['its ARN is not that of its key id here']),
  ];
}

/** A key of the plan has its alias there; the key of an exercise has none, and is the only one that an exercise is about. */
function aliasOf(action: RequestPredicate['action'], name: string, { keys }: Plan): string | null {
  const planned = Object.hasOwn(keys, name) ? (keys[name]?.alias ?? null) : null;
  if (action !== 'drill.cycle') return planned;
  return name === CYCLE_KEY && planned === null ? CYCLE_ALIAS : null;
}

function subjectIs({ statement }: OpenRecord<'request'>): boolean {
  const [first, ...rest] = statement.subjects;
  return rest.length === 0 && first?.name === 'calls' && first.digest === digestOfJson(statement.predicate.calls);
}
