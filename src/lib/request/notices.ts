import { formatCanonical } from '../base/canonical-json.js';
import { type Instant, secondsBetween } from '../base/time.js';
import type { Plan } from '../plan/plan.js';
import type { Identity } from '../roster/roster.js';
import type { Case } from './case.js';

export const NOTICE_KINDS = ['request-opened', 'signature-missing', 'execution-waiting'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** Something that one identity should know of. Holds nothing that a person wrote freely, and no secret. */
export interface Notice {
  readonly schema: 1;
  readonly kind: NoticeKind;
  readonly repository: string;
  /** To whom. */
  readonly custodian: string;
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

/** The name of a notice: it is given once to each, also where two share a machine. */
export function noticeName({ kind, custodian, request }: Notice): string {
  return `${kind} ${request.id} ${custodian}`;
}

/** What is put on a notifier's standard input. */
export function formatNotice(notice: Notice): string {
  return `${formatCanonical({ ...notice, request: { ...notice.request } })}\n`;
}

/** A window is about to lapse when a quarter of it is left, or a day of it if that is less. */
const LAST_SECONDS = 86_400;

/** What this identity should be told now, oldest request first. Pure. */
export function noticesOf(cases: readonly Case[], plan: Plan, identity: Identity, now: Instant): readonly Notice[] {
  const last = (window: number) => Math.min(window / 4, LAST_SECONDS);
  const inOrder = [...cases].sort((a, b) => (atOf(a) < atOf(b) ? -1 : 1));
  return inOrder.flatMap((item): readonly Notice[] => {
    const { verdict, request } = item;
    const { approveBy } = request.statement.predicate;
    const notice = (kind: NoticeKind, until: Instant) => noticeOf(item, identity, kind, until);
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

function noticeOf({ id, request, verdict }: Case, identity: Identity, kind: NoticeKind, until: Instant): Notice {
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
