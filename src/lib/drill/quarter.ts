import type { Instant } from '../base/time.js';

/** Where the evidence of drills lies. The names are part of the format (docs/drills.md). */
export const DRILL_FOLDER = 'drills';

const PATH = /^drills\/(\d{4}-q[1-4])-([1-9]\d{0,3})\.json$/;

/** `2026-q4` in UTC. */
export function quarterOf(at: Instant): string {
  return `${at.slice(0, 4)}-q${Math.ceil(Number(at.slice(5, 7)) / 3)}`;
}

export interface EvidencePlace {
  readonly quarter: string;
  /** From 1 on within its quarter. */
  readonly number: number;
}

export function evidencePath({ quarter, number }: EvidencePlace): string {
  return `${DRILL_FOLDER}/${quarter}-${number}.json`;
}

/** The inverse of `evidencePath`; null for any other path. */
export function parseEvidencePath(path: string): EvidencePlace | null {
  const [, quarter, number] = PATH.exec(path) ?? [];
  return quarter === undefined ? null : { quarter, number: Number(number) };
}

/** The next free place of a quarter. */
export function nextPlace(paths: readonly string[], quarter: string): EvidencePlace {
  const taken = paths.map(parseEvidencePath).filter((place) => place?.quarter === quarter);
  return { quarter, number: Math.max(0, ...taken.map((place) => place?.number ?? 0)) + 1 };
}
