import type { Instant } from '../base/time.js';
import type { ListedLog } from './digest-file.js';
import { type ChainOfDigests, type Span, type Window } from './digest-chain.js';
import { type DigestFinding, findingOf } from './digest-finding.js';

/** What a log file is worth. */
export type LogStanding = 'proven' | 'waiting' | 'unproven' | 'refused';

/** The log files that digests list, each ticked off as it is read. */
export interface LogCatalogue {
  /** @param hashHex SHA-256 of the unpacked file */
  judge(log: { readonly place: string; readonly deliveredAt: Instant | null }, hashHex: string): LogJudgement;
  /** What is listed and was not read. */
  missing(): readonly DigestFinding[];
}

export interface LogJudgement {
  readonly standing: LogStanding;
  readonly finding: DigestFinding | null;
}

/** A file of a digest's last minute may be listed by the next one. */
const SEAM_MILLIS = 60_000;

/**
 * A catalogue over judged chains.
 * @param due until when digests can be there; a younger file waits for its own
 */
export function catalogueOf(
  chains: readonly Pick<ChainOfDigests, 'covered' | 'logs'>[],
  placeOf: (bucket: string, object: string) => string,
  due: Window['until'],
): LogCatalogue {
  const listed = new Map<string, ListedLog>();
  for (const log of chains.flatMap(({ logs }) => logs)) listed.set(placeOf(log.bucket, log.object), log);
  const seen = new Set<string>();
  const covered = chains.flatMap(({ covered: spans }) => spans);
  return {
    judge: ({ place, deliveredAt }, hashHex) => {
      const entry = listed.get(place);
      if (entry === undefined) return unlisted(place, deliveredAt, covered, due);
      seen.add(place);
      if (entry.hashHex === hashHex) return { standing: 'proven', finding: null };
      return { standing: 'refused', finding: findingOf('log-edited', place, 'its content is not what was delivered') };
    },
    missing: () =>
      [...listed.keys()]
        .filter((place) => !seen.has(place))
        .map((place) => findingOf('log-missing', place, 'a digest lists it')),
  };
}

function unlisted(place: string, at: Instant | null, covered: readonly Span[], due: Instant): LogJudgement {
  const refuse = (why: string): LogJudgement => ({ standing: 'refused', finding: findingOf('log-unlisted', place, why) });
  if (at === null) return refuse('its name is none that CloudTrail gives');
  const millis = Date.parse(at);
  const isCovered = covered.some(
    ({ from, until }) => millis >= Date.parse(from) && millis + SEAM_MILLIS < Date.parse(until),
  );
  if (isCovered) return refuse('the digest of that hour does not list it');
  if (at >= due) return { standing: 'waiting', finding: null };
  return { standing: 'unproven', finding: findingOf('log-uncovered', place, 'no digest covers that hour') };
}
