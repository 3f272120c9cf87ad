import { type Instant, millisOf } from '../base/time.js';
import type { ChainOfDigests, Span } from './digest-chain.js';
import { type DigestFinding, findingOf } from './digest-finding.js';
import type { LogName } from './names.js';

/** What a log file is worth. */
export type LogStanding = 'proven' | 'waiting' | 'unproven' | 'refused';

export interface LogJudgement {
  readonly standing: LogStanding;
  readonly finding: DigestFinding | null;
}

/** The log files that digests list, each ticked off as it is read. */
export interface LogCatalogue {
  lists(place: string): boolean;
  /** @param hashHex SHA-256 of the unpacked file */
  judge(place: string, name: LogName, hashHex: string): LogJudgement;
  /** What is listed and was not read. */
  missing(): readonly DigestFinding[];
}

/** A file of a digest's last minute may be listed by the next one. */
const SEAM_MILLIS = 60_000;

export interface JudgedChain extends Pick<ChainOfDigests, 'covered' | 'logs'> {
  /** `account/region`. */
  readonly scope: string;
}

/**
 * A catalogue over judged chains.
 * @param placeOf how the source writes the place of an object
 * @param due until when digests can be there; a younger file waits for its own
 */
export function catalogueOf(
  chains: readonly JudgedChain[],
  placeOf: (bucket: string, object: string) => string,
  due: Instant,
): LogCatalogue {
  const listed = new Map(
    chains.flatMap(({ logs }) => logs.map((log) => [placeOf(log.bucket, log.object), log.hashHex] as const)),
  );
  const seen = new Set<string>();
  return {
    lists: (place) => listed.has(place),
    judge: (place, name, hashHex) => {
      const expected = listed.get(place);
      if (expected === undefined) return judgeUnlisted(place, name, chains, due);
      seen.add(place);
      if (expected === hashHex) return { standing: 'proven', finding: null };
      return { standing: 'refused', finding: findingOf('log-edited', place, 'its content is not what was delivered') };
    },
    missing: () =>
      [...listed.keys()]
        .filter((place) => !seen.has(place))
        .map((place) => findingOf('log-missing', place, 'a digest lists it')),
  };
}

function judgeUnlisted(place: string, name: LogName, chains: readonly JudgedChain[], due: Instant): LogJudgement {
  const refuse = (why: string): LogJudgement => ({
    standing: 'refused',
    finding: findingOf('log-unlisted', place, why),
  });
  const { deliveredAt, scope } = name;
  if (deliveredAt === null) return refuse('its name is none that CloudTrail gives');
  const spans = chains.filter((chain) => chain.scope === scope).flatMap(({ covered }) => covered);
  if (spans.some((span) => isInside(span, deliveredAt))) return refuse('the digest of that hour does not list it');
  if (deliveredAt >= due) return { standing: 'waiting', finding: null };
  return { standing: 'unproven', finding: findingOf('log-uncovered', place, 'no digest covers that hour') };
}

function isInside({ from, until }: Span, at: Instant): boolean {
  return at >= from && millisOf(at) + SEAM_MILLIS < millisOf(until);
}
