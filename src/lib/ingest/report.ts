import type { JsonObject } from '../base/canonical-json.js';
import type { Instant } from '../base/time.js';
import { type Check, type CheckReport, check, verdictOf } from '../inspect/check.js';
import type { LedgerEvent } from '../ledger/entry.js';
import type { DigestFinding } from '../trail/digest-finding.js';
import type { SourceEnd } from './source.js';
import type { IngestSubject } from './subject.js';

export interface IngestCounts {
  /** Records that could be read. */
  readonly read: number;
  /** New in the ledger. */
  readonly taken: number;
  /** In the ledger already, or twice in the source. */
  readonly known: number;
  /** About no key of the plan. */
  readonly ignored: number;
  /** Before or after the time that was asked for. */
  readonly outside: number;
  /** Records, lines and files that cannot be read. */
  readonly refused: number;
  /** Came after a later one had been written. */
  readonly late: number;
  /** Say a time that is still to come. */
  readonly future: number;
}

/** What cannot be read: the file and the number of the record or line. */
export interface Refusal {
  readonly where: string;
  readonly why: string;
}

export interface IngestReport extends CheckReport {
  readonly source: string;
  readonly from: Instant | null;
  readonly until: Instant;
  /** Until when everything was looked at; null where nobody knows. */
  readonly mark: Instant | null;
  readonly counts: IngestCounts;
  readonly files: number;
  /** Log files whose digest is not due yet: the next run takes them in. */
  readonly waiting: number;
  /** The first hundred. */
  readonly refusals: readonly Refusal[];
  /** The first hundred. */
  readonly findings: readonly DigestFinding[];
  readonly covered: SourceEnd['covered'];
}

export const MOST_REFUSALS = 100;

/** What a run amounts to. */
export function reportOf(subject: IngestSubject, counts: IngestCounts, refusals: readonly Refusal[]): IngestReport {
  const { source, until, unknownKeys } = subject;
  const end = source.end();
  const unseen = unseenBefore(subject);
  const checks: readonly Check[] = [
    check('read', counts.refused === 0, readDetail(counts, refusals)),
    digestCheck(subject, end),
    timeCheck(counts),
    keyCheck(unknownKeys),
    ...end.gaps.map((detail): Check => ({ id: 'window', status: 'skip', detail })),
    ...(unseen === null ? [] : [check('window', true, unseen)]),
  ];
  return {
    verdict: verdictOf(checks),
    checks,
    source: source.name,
    from: source.from,
    until,
    mark: unseen === null ? markOf(subject, end) : null,
    counts,
    files: end.files,
    waiting: end.waiting,
    refusals,
    findings: end.findings.slice(0, MOST_REFUSALS),
    covered: end.covered,
  };
}

/** A run that was told to begin later leaves a gap: the next one must begin before that, and not where this one ended. */
function unseenBefore({ source, known, window: { since } }: IngestSubject): string | null {
  const mark = known.marks.get(source.name);
  if (since === null || mark === undefined || since <= mark) return null;
  return `nobody has looked at ${mark} to ${since}: the next run without --since does`;
}

/** What was left out was not looked at. */
function markOf({ window: { until } }: IngestSubject, { mark }: SourceEnd): Instant | null {
  return mark !== null && until !== null && until < mark ? until : mark;
}

function readDetail(counts: IngestCounts, [first]: readonly Refusal[]): string {
  const { read, taken, known, ignored, outside, refused } = counts;
  const window = outside === 0 ? '' : `, ${outside} outside of the time asked for`;
  const said = `${read} read: ${taken} new, ${known} there already, ${ignored} about no key of the plan${window}`;
  return refused === 0 ? said : `${said}; ${refused} refused, first ${first?.where}: ${first?.why}`;
}

function digestCheck({ source }: IngestSubject, { findings, files, waiting }: SourceEnd): Check {
  const id = 'digests';
  if (source.backing === 'history') return check(id, true, 'AWS itself answered: its event history has no digests');
  if (source.backing === 'none') {
    return check(id, true, 'a stream has no digests: every entry says that nothing proves it (evidence: none)');
  }
  const worst = findings.find(({ verdict }) => verdict === 'refused') ?? findings[0];
  if (worst !== undefined) {
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
    const status = worst.verdict === 'refused' ? 'fail' : 'skip';
    return { id, status, detail: `${worst.id}: ${worst.where}: ${worst.detail}${more}` };
  }
  const later = waiting > 0 ? `; ${waiting} wait for a digest that is not due yet` : '';
  return check(id, true, `${files} log files as CloudTrail's signed digests list them${later}`);
}

function timeCheck({ late, future }: IngestCounts): Check {
  const detail = [
    late === 0 ? 'in the order of their time' : `${late} came after later ones had been written`,
    ...(future === 0 ? [] : [`${future} say a time that is still to come`]),
  ].join('; ');
  return { id: 'time', status: future === 0 ? 'pass' : 'skip', detail };
}

function keyCheck(unknown: readonly string[]): Check {
  if (unknown.length === 0) return check('keys', true, 'every key of the plan is known');
  return {
    id: 'keys',
    status: 'skip',
    detail: `nobody knows which key is ${unknown.join(', ')}: its events were not told from others`,
  };
}

/** The entry that a run leaves. Its `mark` is where the next run of the same source begins. */
export function ingestEntry({ by }: IngestSubject, report: IngestReport, at: Instant): LedgerEvent {
  const { source, from, until, mark, counts, files, waiting, verdict, checks, findings } = report;
  const found: Record<string, number> = {};
  for (const { id } of findings) found[id] = (found[id] ?? 0) + 1;
  const facts: JsonObject = {
    source,
    from,
    until,
    ...(mark === null ? {} : { mark }),
    counts: { ...counts },
    files,
    waiting,
    verdict,
    checks: Object.fromEntries(checks.map(({ id, status }) => [id, status])),
    findings: found,
  };
  return { at, kind: 'ingest', by, requestId: null, record: null, facts };
}
