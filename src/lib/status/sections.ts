import { addSeconds, type Instant, millisOf, secondsBetween } from '../base/time.js';
import type { StatusEvidence } from './evidence.js';
import type { KeptFound } from './kept.js';
import type { SeatLife } from './life.js';
import type { StatusFinding } from './report.js';
import type { RequestLine } from './tasks.js';

type Part = Omit<StatusFinding, 'section' | 'key'>;

function finding(section: StatusFinding['section'], { severity, text, command }: Part): StatusFinding {
  return { section, key: null, severity, text, command };
}

/** Genesis, draft, outbox and whatever cannot be judged. Pure. */
export function repositoryFindings({ state, draft, outbox, refused }: StatusEvidence): readonly StatusFinding[] {
  const unsigned = (state.rosters[0]?.custodians ?? [])
    .map(({ id }) => id)
    .filter((id) => !state.signedGenesis.has(id));
  const own: Part[] = [
    ...unsigned.map(
      (id): Part => ({ severity: 'warning', text: `genesis is not signed by ${id} yet: custody join`, command: null }),
    ),
    ...('found' in draft && draft.found > 0
      ? [
          {
            severity: 'warning',
            text: `custody.yaml differs from the plan in force in ${draft.found} places`,
            command: 'custody plan propose',
          } as const,
        ]
      : []),
    ...(outbox > 0
      ? [
          {
            severity: 'warning',
            text: `${outbox} records wait in this clone for the network`,
            command: 'custody keys pending',
          } as const,
        ]
      : []),
    ...refused.map(
      ({ id, because }): Part => ({
        severity: 'warning',
        text: `records/${id} is no request: ${because}`,
        command: null,
      }),
    ),
  ];
  return own.map((one) => finding('repository', one));
}

const SOON_SECONDS = 86_400;

/** Windows that are about to close. */
export function requestFindings(lines: readonly RequestLine[], now: Instant): readonly StatusFinding[] {
  return lines
    .filter(({ state, until }) => state !== 'cooling' && secondsBetween(now, until) < SOON_SECONDS)
    .map(({ id, action, key, until, waitsFor, mine }) => {
      const text = `${id} ${action}${key === null ? '' : ` ${key}`} lapses on ${until} and waits for ${waitsFor}`;
      return finding('requests', { severity: 'warning', text, command: mine?.command ?? null });
    });
}

/** Seats that may have lost their key, and what would then be left (T28). */
export function rosterFindings(
  lives: readonly SeatLife[],
  threshold: number,
  self: string | null,
): readonly StatusFinding[] {
  const stale = lives.filter((one) => one.stale);
  const left = lives.length - stale.length;
  const each = stale.map(({ id, lastAt, ageDays }): Part => {
    const since = lastAt === null ? 'has never shown' : `has not shown for ${ageDays} days`;
    return {
      severity: 'warning',
      text: `${id} ${since} that it still has its key`,
      command: id === self ? 'custody heartbeat' : null,
    };
  });
  const rest = `${stale.length} of ${lives.length} seats`;
  const whole: Part[] =
    left < threshold
      ? [
          {
            severity: 'error',
            text: `${rest} would be lost: the ${left} that are left are fewer than the ${threshold} that must sign`,
            command: null,
          },
        ]
      : left === threshold && stale.length > 0
        ? [{ severity: 'warning', text: `${rest} would be lost: with one more there is no quorum`, command: null }]
        : [];
  return [...whole, ...each].map((one) => finding('roster', one));
}

/** What CloudTrail saw that no request stands for. */
export function trailFindings({ aws }: StatusEvidence): readonly StatusFinding[] {
  if ('because' in aws || 'because' in aws.found.trail) return [];
  return aws.found.trail.found.findings
    .filter(({ severity }) => severity !== 'unproven')
    .map(({ id, what, who, when, because }) => {
      const text = `${id}: ${what} by ${who}${when === null ? '' : ` at ${when}`}: ${because}`;
      return finding('reconciliation', { severity: 'error', text, command: 'custody policy reconcile' });
    });
}

/** A drill asks for a sign of life, and somebody has not given one. */
export function challengeFindings({ challenge, identity }: StatusEvidence): readonly StatusFinding[] {
  if (challenge === null || challenge.silent.length === 0) return [];
  const { id, until, silent } = challenge;
  const own = identity !== null && silent.includes(identity.id);
  const text = `the challenge ${id} waits until ${until} for ${silent.join(', ')}`;
  return [finding('drill', { severity: own ? 'warning' : 'note', text, command: own ? 'custody dr answer' : null })];
}

/**
 * What the plan wants to be kept: not there, too old, or not what it should be. From its founding a repository has as long as
 * a new one may be old.
 */
export function keptFindings(found: KeptFound, evidence: StatusEvidence, now: Instant): readonly StatusFinding[] {
  const { row, kept } = found;
  const wrong = (kept?.wrong ?? []).map((text): Part => ({ severity: 'error', text, command: row.command }));
  return [...ageOf(found, evidence, now), ...wrong].map((one) => finding(row.id, one));
}

function ageOf({ row, kept }: KeptFound, { state }: StatusEvidence, now: Instant): readonly Part[] {
  const { id, folder, command } = row;
  const maxAge = row.maxAgeSeconds(state.plan.plan);
  if (kept !== null && kept.at === null) return [];
  const since = kept?.at ?? state.genesis.statement.predicate.at;
  const late = millisOf(addSeconds(since, maxAge)) < millisOf(now);
  if (kept !== null && !late) return [];
  const text = kept === null ? `no ${id} that counts is under ${folder}/` : `the last ${id} is of ${kept.at}`;
  const wanted = `the plan wants one every ${days(maxAge)}`;
  return [{ severity: late ? 'error' : 'warning', text: `${text}; ${wanted}`, command }];
}

function days(seconds: number): string {
  const whole = Math.round(seconds / 86_400);
  return whole < 2 ? `${Math.round(seconds / 3600)} hours` : `${whole} days`;
}
