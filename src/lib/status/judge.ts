import { counted } from '../base/counted.js';
import type { Instant } from '../base/time.js';
import { type Check, verdictOf } from '../inspect/check.js';
import type { OpenRecord } from '../record/envelope.js';
import { isOpen } from '../request/open.js';
import type { StatusEvidence } from './evidence.js';
import { type KeySection, keySection, slotFindings } from './key-section.js';
import { livesOf } from './life.js';
import { needsOf } from './needs.js';
import { SECTIONS, type Section, type StatusFinding, type StatusReport } from './report.js';
import {
  challengeFindings,
  keptFindings,
  repositoryFindings,
  requestFindings,
  rosterFindings,
  trailFindings,
} from './sections.js';
import { type RequestLine, requestLine } from './tasks.js';

/**
 * The front page: how everything stands, and what needs whom now. Refused with an error among its findings, unproven where
 * something could not be looked at, verified only when neither is so (T23). Pure.
 */
export function judgeStatus(evidence: StatusEvidence, now: Instant): StatusReport {
  const { state, cases, identity, aws } = evidence;
  const { plan } = state.plan;
  const keys = keySection(evidence, now);
  const tags = 'found' in aws ? aws.found.keys.tags : null;
  const requests = cases
    .filter(isOpen)
    .map((found) => requestLine(found, { plan, identity, tags }))
    .sort((a, b) => (a.until < b.until ? -1 : 1));
  const seats = livesOf(state, recordsOf(evidence), now);
  const { threshold } = state.roster;
  const findings = [
    ...repositoryFindings(evidence),
    ...keys.findings,
    ...slotFindings(aws, identity),
    ...requestFindings(requests, now),
    ...rosterFindings(seats, threshold, identity?.id ?? null),
    ...trailFindings(evidence),
    ...evidence.kept.flatMap((one) => keptFindings(one, evidence, now)),
    ...challengeFindings(evidence),
  ];
  const checks = checksOf(evidence, { keys, requests, findings });
  return {
    verdict: verdictOf(checks),
    checks,
    at: now,
    identity: identity?.id ?? null,
    repository: { id: state.roster.repository, planVersion: state.plan.version, rosterVersion: state.roster.version },
    keys: keys.lines,
    requests,
    roster: { threshold, seats },
    ledger: ledgerOf(evidence),
    reconciliation: reconciliationOf(evidence),
    kept: evidence.kept.map(({ row, kept }) => ({ id: row.id, at: kept?.at ?? null, found: kept !== null })),
    findings,
    needs: needsOf(requests, findings),
  };
}

function recordsOf({ cases, heartbeats }: StatusEvidence): readonly OpenRecord[] {
  return [...cases.flatMap(({ evidence }) => [evidence.request, ...evidence.records]), ...heartbeats];
}

function ledgerOf({ state, memory, ledger }: StatusEvidence): StatusReport['ledger'] {
  return {
    head: 'found' in ledger ? ledger.found : null,
    commit: state.head,
    remembered: memory && { head: memory.head, seenAt: memory.seenAt },
  };
}

function reconciliationOf({ aws }: StatusEvidence): StatusReport['reconciliation'] {
  if ('because' in aws || 'because' in aws.found.trail) return null;
  const { since, findings, denied } = aws.found.trail.found;
  return { since, findings, denied: denied.length };
}

interface Judged {
  readonly keys: KeySection;
  readonly requests: readonly RequestLine[];
  readonly findings: readonly StatusFinding[];
}

/** One check a section: failed with an error in it, skipped where it could not be looked at. */
function checksOf(evidence: StatusEvidence, judged: Judged): readonly Check[] {
  return SECTIONS.flatMap((id): readonly Check[] => {
    const unread = unreadIn(id, evidence, judged);
    if (unread === 'absent') return [];
    const own = judged.findings.filter(({ section }) => section === id);
    const worst = own.find(({ severity }) => severity === 'error');
    if (worst) return [{ id, status: 'fail', detail: more(worst.text, own.length) }];
    if (unread !== null) return [{ id, status: 'skip', detail: unread }];
    const [first] = own;
    return [{ id, status: 'pass', detail: first ? more(first.text, own.length) : wellIn(id, evidence, judged) }];
  });
}

function more(text: string, count: number): string {
  return count > 1 ? `${text} (and ${count - 1} more)` : text;
}

/** Why a section says less than there is to say; `absent` where there is nothing to say. */
function unreadIn(id: Section, evidence: StatusEvidence, { keys }: Judged): string | 'absent' | null {
  const { aws, remote, ledger, state, kept } = evidence;
  const away = 'because' in aws ? aws.because : null;
  switch (id) {
    case 'repository':
      return 'because' in remote ? remote.because : null;
    case 'keys':
      return keys.unread;
    case 'slots':
      if (!state.plan.plan.interlock) return 'absent';
      return (
        away ?? ('found' in aws ? aws.found.keys.unread.find((one) => one.startsWith('approval slots')) : null) ?? null
      );
    case 'reconciliation':
      return away ?? trailGap(evidence);
    case 'ledger':
      return 'because' in ledger ? ledger.because : null;
    case 'backup':
    case 'drill': {
      const own = kept.find(({ row }) => row.id === id)?.kept;
      return own && own.at === null ? own.detail : null;
    }
    default:
      return null;
  }
}

function trailGap({ aws }: StatusEvidence): string | null {
  if ('because' in aws) return aws.because;
  const { trail } = aws.found;
  if ('because' in trail) return trail.because;
  return trail.found.checks.find(({ status }) => status === 'skip')?.detail ?? null;
}

/** What a section without findings says. */
function wellIn(id: Section, evidence: StatusEvidence, { keys, requests }: Judged): string {
  const { state, aws, memory, ledger, kept } = evidence;
  switch (id) {
    case 'repository':
      return `plan ${state.plan.version} and roster ${state.roster.version} in force at ${state.head.slice(0, 12)}`;
    case 'keys': {
      const enforced = keys.lines.filter(({ enforcement }) => enforcement?.level === 'enforced').length;
      return `${counted(keys.lines.length, 'key')} as planned, ${enforced} enforced by KMS`;
    }
    case 'slots':
      return 'every approval slot is one of an open request';
    case 'requests':
      return requests.length === 0 ? 'none is open' : `${requests.length} open`;
    case 'roster':
      return `each of ${state.roster.custodians.length} seats has signed something within 100 days`;
    case 'reconciliation': {
      const since = 'found' in aws && 'found' in aws.found.trail ? aws.found.trail.found.since : '';
      return `every change that CloudTrail shows since ${since} is one of an executed request`;
    }
    case 'ledger': {
      const size = 'found' in ledger ? ledger.found.size : 0;
      return `${size} entries; this machine saw ${memory?.head?.slice(0, 12) ?? 'nothing before'}`;
    }
    default:
      return kept.find(({ row }) => row.id === id)?.kept?.detail ?? 'there is none';
  }
}
