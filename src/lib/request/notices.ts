import { formatCanonical } from '../base/canonical-json.js';
import { type Instant, secondsBetween } from '../base/time.js';
import type { Plan } from '../plan/plan.js';
import type { Identity } from '../roster/roster.js';
import type { Case } from './case.js';

/** Something that one identity should know of. Holds nothing that a person wrote freely, and no secret. */
export type Notice = RequestNotice | ChallengeNotice;

interface Told {
  readonly schema: 1;
  readonly repository: string;
  /** To whom. */
  readonly custodian: string;
}

export interface RequestNotice extends Told {
  readonly kind: 'request-opened' | 'signature-missing' | 'execution-waiting';
  readonly request: {
    readonly id: string;
    readonly digest: string;
    readonly action: string;
    readonly class: string;
    readonly key: string | null;
    readonly region: string;
    readonly account: string;
    readonly requester: string;
    readonly missingSignatures: number;
    /** When the window closes that the notice is about. */
    readonly until: Instant;
  };
}

/** A drill asks for a sign of life (docs/drills.md). */
export interface ChallengeNotice extends Told {
  readonly kind: 'challenge-waiting';
  readonly challenge: {
    readonly id: string;
    readonly digest: string;
    /** Who asked. */
    readonly by: string;
    /** Answers count until then. */
    readonly until: Instant;
  };
}

/** The request or challenge that a notice is about. */
export function subjectOf(notice: Notice): string {
  return notice.kind === 'challenge-waiting' ? notice.challenge.id : notice.request.id;
}

/** The name of a notice: it is given once to each, also where two share a machine. */
export function noticeName(notice: Notice): string {
  return `${notice.kind} ${subjectOf(notice)} ${notice.custodian}`;
}

/** What is put on a notifier's standard input. */
export function formatNotice(notice: Notice): string {
  const { schema, kind, repository, custodian } = notice;
  const told = { schema, kind, repository, custodian };
  if (notice.kind === 'challenge-waiting')
    return `${formatCanonical({ ...told, challenge: { ...notice.challenge } })}\n`;
  return `${formatCanonical({ ...told, request: { ...notice.request } })}\n`;
}

/** A window is about to lapse when a quarter of it is left, or a day of it if that is less. */
const LAST_SECONDS = 86_400;

/** What this identity should be told now, oldest request first. Pure. */
export function noticesOf(
  cases: readonly Case[],
  plan: Plan,
  identity: Identity,
  now: Instant,
): readonly RequestNotice[] {
  const last = (window: number) => Math.min(window / 4, LAST_SECONDS);
  const inOrder = [...cases].sort((a, b) => (atOf(a) < atOf(b) ? -1 : 1));
  return inOrder.flatMap((item): readonly RequestNotice[] => {
    const { verdict, request } = item;
    const { approveBy } = request.statement.predicate;
    const notice = (kind: RequestNotice['kind'], until: Instant) => noticeOf(item, identity, kind, until);
    const soon = (until: Instant, window: number) => secondsBetween(now, until) <= last(window);
    if (verdict.state === 'pending' && mayHelp(item, identity)) {
      const late = soon(approveBy, plan.quorum.approvalWindowSeconds);
      return [notice('request-opened', approveBy), ...(late ? [notice('signature-missing', approveBy)] : [])];
    }
    const { executeBy } = verdict;
    const waits =
      verdict.state === 'approved' && executeBy !== null && soon(executeBy, plan.quorum.executionWindowSeconds);
    return waits ? [notice('execution-waiting', executeBy)] : [];
  });
}

function atOf({ request }: Case): Instant {
  return request.statement.predicate.at;
}

/** Only a custodian signs, and one person once. */
function mayHelp({ verdict }: Case, identity: Identity): boolean {
  const signed = verdict.approvals.some(({ counted, signer }) => counted && signer?.person === identity.person);
  return identity.kind === 'custodian' && !signed;
}

function noticeOf(
  { id, request, verdict }: Case,
  identity: Identity,
  kind: RequestNotice['kind'],
  until: Instant,
): RequestNotice {
  const said = request.statement.predicate;
  return {
    schema: 1,
    kind,
    repository: said.repository,
    custodian: identity.id,
    request: {
      id,
      digest: request.digest,
      action: said.action,
      class: said.class,
      key: said.key?.name ?? null,
      region: said.region,
      account: said.account,
      requester: said.by,
      missingSignatures: verdict.missing.signatures,
      until,
    },
  };
}
