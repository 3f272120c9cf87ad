import type { Decision } from './decision.js';

/** What the policies said no to. */
export interface GuardFinding {
  readonly source: 'call' | 'cloudtrail' | 'terraform';
  readonly file: string;
  /** Address of a resource, name and id of an event, or the operation. */
  readonly what: string;
  /** `planned` before the fact; `attempted` where AWS refused it. */
  readonly outcome: 'planned' | 'made' | 'attempted';
  readonly rules: readonly string[];
}

export interface GuardReport {
  /** *unproven* where nothing was there to judge, or a part could not be read. */
  readonly verdict: 'verified' | 'refused' | 'unproven';
  /** Everything that was looked at. */
  readonly judged: number;
  /** Those about the ledger or keys. */
  readonly concerned: number;
  readonly findings: readonly GuardFinding[];
  readonly unread: readonly string[];
}

/** One document's part of a report. */
export interface Judged {
  readonly judged: number;
  readonly concerned: number;
  readonly findings: readonly GuardFinding[];
  readonly unread: readonly string[];
  /** Whether the document is evidence by itself: a plan that changes nothing is in order, a log without records proves nothing. */
  readonly whole: boolean;
}

/** Counts decisions and keeps the noes. */
export class Tally {
  #judged = 0;
  #concerned = 0;
  readonly #findings: GuardFinding[] = [];
  readonly #unread: string[] = [];

  add(decision: Decision, finding: Omit<GuardFinding, 'rules'>): void {
    this.#judged++;
    if (decision.concerned) this.#concerned++;
    if (!decision.allow) this.#findings.push({ ...finding, rules: decision.rules });
  }

  miss(what: string): void {
    this.#unread.push(what);
  }

  end(whole: boolean): Judged {
    const [judged, concerned, findings, unread] = [this.#judged, this.#concerned, this.#findings, this.#unread];
    return { judged, concerned, findings, unread, whole };
  }
}

/** All documents together. */
export function reportOf(parts: readonly Judged[]): GuardReport {
  const sum = (count: (part: Judged) => number) => parts.reduce((total, part) => total + count(part), 0);
  const findings = parts.flatMap((part) => part.findings);
  const unread = parts.flatMap((part) => part.unread);
  const judged = sum((part) => part.judged);
  const proven = unread.length === 0 && parts.length > 0 && (judged > 0 || parts.every(({ whole }) => whole));
  const verdict = findings.length > 0 ? 'refused' : proven ? 'verified' : 'unproven';
  return { verdict, judged, concerned: sum((part) => part.concerned), findings, unread };
}
