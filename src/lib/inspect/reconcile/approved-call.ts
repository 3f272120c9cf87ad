import type { JsonObject } from '../../base/canonical-json.js';
import { addSeconds, type Instant } from '../../base/time.js';
import { CLOCK_TOLERANCE_SECONDS } from '../../quorum/evidence.js';
import { isVeto } from '../../record/action.js';
import { CREATED_KEY, REQUEST_TAG } from '../../record/action-create.js';
import type { SignedCall } from '../../record/statement.js';
import type { Case } from '../../request/case.js';
import type { TrailEvent } from '../../trail/event.js';
import { idOfKey, keyIdsIn, tagsIn } from './change.js';
import type { ReconcileFinding } from './finding.js';
import { eventFinding } from './finding.js';
import { compareParameters } from './parameters.js';

/** One call at KMS that a quorum authorised, by an intent that counts. */
export interface ApprovedCall {
  readonly case: Case;
  readonly call: SignedCall;
  /** Null for CreateAlias and the like where no key is named, and while nobody knows what was made. */
  readonly keyId: string | null;
}

/** As long as a session of the executor lives. */
const SESSION_SECONDS = 900;

/**
 * What requests with a valid intent let happen at KMS.
 * @param made ids of keys by the nonce of the request in their tag
 */
export function approvedCalls(cases: readonly Case[], made: ReadonlyMap<string, string>): readonly ApprovedCall[] {
  return cases
    .filter(({ verdict }) => verdict.intent !== null)
    .flatMap((found) => {
      const said = found.request.statement.predicate;
      const created = found.verdict.receipt?.statement.predicate.key?.keyId ?? made.get(said.nonce) ?? null;
      return said.calls
        .filter(({ service, operation }) => service === 'kms' && operation !== 'GetParametersForImport')
        .map((call): ApprovedCall => ({ case: found, ...withKey(call, created) }));
    });
}

function withKey(call: SignedCall, created: string | null): Pick<ApprovedCall, 'call' | 'keyId'> {
  const { parameters, operation } = call;
  if (operation === 'CreateKey') return { call, keyId: created };
  const filled: JsonObject = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, value === CREATED_KEY ? created : value]),
  );
  return { call: { ...call, parameters: filled }, keyId: idOfKey(filled.KeyId) ?? idOfKey(filled.TargetKeyId) };
}

/** Key ids by the nonce that CreateKey put into their tags. */
export function madeKeys(events: readonly TrailEvent[]): ReadonlyMap<string, string> {
  const pairs = events
    .filter(({ name, errorCode }) => name === 'CreateKey' && errorCode === null)
    .flatMap((event): [string, string][] => {
      const nonce = tagsIn(event).get(REQUEST_TAG);
      const [id] = keyIdsIn(event);
      return nonce === undefined || id === undefined ? [] : [[nonce, id]];
    });
  return new Map(pairs);
}

/** The same operation on the same thing in the same Region; parameters are looked at afterwards. */
export function isCallOf({ call, keyId, case: found }: ApprovedCall, event: TrailEvent): boolean {
  if (call.operation !== event.name || call.region !== event.region) return false;
  const { nonce } = found.request.statement.predicate;
  if (call.operation === 'CreateKey') return tagsIn(event).get(REQUEST_TAG) === nonce;
  const { AliasName: alias } = call.parameters;
  if (alias !== undefined && alias !== event.parameters.aliasName) return false;
  return keyId === null ? alias !== undefined : keyIdsIn(event).has(keyId);
}

/** Who had to make the call: the role, and the SourceIdentity of its session. */
export function executorOf({ case: found }: ApprovedCall): { readonly roleArn: string | null; readonly id: string } {
  const { verdict, request, rules } = found;
  const by = verdict.intent?.statement.predicate.by ?? '';
  const { action, executor } = request.statement.predicate;
  if (!isVeto(action)) return { roleArn: rules.roster.executorRoleArn, id: executor ?? by };
  const seats = [...rules.roster.custodians, ...rules.roster.automation];
  return { roleArn: seats.find(({ id }) => id === by)?.roleArn ?? null, id: by };
}

/** A veto is made in an own session, whose role is its seat's alone: there a SourceIdentity is not needed. */
export function isByExecutor(approved: ApprovedCall, { principalArn, sourceIdentity }: TrailEvent): boolean {
  const { roleArn, id } = executorOf(approved);
  const alone = isVeto(approved.case.request.statement.predicate.action) && sourceIdentity === null;
  return principalArn === roleArn && (alone || sourceIdentity === id);
}

/** From the intent to the receipt, or to now where there is none. */
export function isInWindow({ case: { verdict } }: ApprovedCall, at: Instant, extraSeconds = 0): boolean {
  const from = verdict.intent?.statement.predicate.at;
  const until = verdict.receipt?.statement.predicate.finishedAt;
  if (from === undefined || at < addSeconds(from, -CLOCK_TOLERANCE_SECONDS)) return false;
  return until === undefined || at <= addSeconds(until, CLOCK_TOLERANCE_SECONDS + extraSeconds);
}

/** Whether a second call could be the echo of an approval: while a session of it may still live. */
export function mayBePlayedAgain(approved: ApprovedCall, event: TrailEvent): boolean {
  return isCallOf(approved, event) && isByExecutor(approved, event) && isInWindow(approved, event.at, SESSION_SECONDS);
}

/** Of calls whose answer was lost the receipt knows no request id. */
export function lostAnswers({ request, verdict }: Case): number {
  const calls = request.statement.predicate.calls.filter(({ service }) => service === 'kms').length;
  return Math.max(0, calls - (verdict.receipt?.statement.predicate.awsRequestIds.length ?? 0));
}

/** What is wrong with a call that was made for a request. */
export function judgeCall(approved: ApprovedCall, event: TrailEvent, keyName: string): readonly ReconcileFinding[] {
  const { id } = approved.case;
  const what = `${event.name} ${keyName}`;
  const say = (finding: Parameters<typeof eventFinding>[0], because: string) =>
    eventFinding(finding, event, { what, because, request: id });
  const { roleArn, id: named } = executorOf(approved);
  const identity = isByExecutor(approved, event)
    ? []
    : [say('other-identity', `${id} names ${named} as executor, in ${roleArn ?? 'no role of the roster'}`)];
  const early = earlyBecause(approved.case, event.at);
  const { other, notShown } = compareParameters(approved.call, event);
  const policy = other.filter((name) => name === 'Policy');
  const rest = other.filter((name) => name !== 'Policy');
  return [
    ...identity,
    ...(early === null ? [] : [say('too-early', early)]),
    ...(policy.length > 0 ? [say('other-policy', `the policy that was put is not the one that ${id} approved`)] : []),
    ...(rest.length > 0 ? [say('other-parameters', `not as ${id} approved: ${rest.join(', ')}`)] : []),
    ...(notShown.length > 0
      ? [say('not-shown', `CloudTrail does not show, or not whole: ${notShown.join(', ')}`)]
      : []),
  ];
}

/** By CloudTrail's time: what people signed as the time of their signature moves none of it. */
function earlyBecause({ id, verdict }: Case, at: Instant): string | null {
  const before = (limit: Instant | null | undefined) =>
    limit !== null && limit !== undefined && addSeconds(at, CLOCK_TOLERANCE_SECONDS) < limit;
  if (before(verdict.approvedAt)) return `${id} had enough approvals only at ${verdict.approvedAt}`;
  if (before(verdict.coolUntil)) return `the cool-off of ${id} ended only at ${verdict.coolUntil}`;
  const intent = verdict.intent?.statement.predicate.at;
  return before(intent) ? `the intent of ${id} was signed only at ${intent}` : null;
}
