import type { Digest } from '../base/bytes.js';
import type { Instant } from '../base/time.js';
import type { Drilled } from './history.js';

/** One drill in a line of them. */
export interface TrendPoint {
  readonly quarter: string;
  readonly number: number;
  readonly finishedAt: Instant;
  readonly verdict: 'verified' | 'not-verified';
  readonly rtoSeconds: number;
  readonly rpoSeconds: number | null;
  readonly digest: Digest;
  readonly by: string;
}

/** Of each drill what a line over quarters shows. */
export function trendOf(drills: readonly Drilled[]): readonly TrendPoint[] {
  return drills.map(({ said, digest, by }) => ({
    quarter: said.quarter,
    number: said.number,
    finishedAt: said.finishedAt,
    verdict: said.verdict,
    rtoSeconds: said.recovery.timeMillis / 1000,
    rpoSeconds: said.recovery.pointSeconds,
    digest,
    by,
  }));
}
