import { addSeconds, type Instant, instantFromMillis, millisOf } from '../base/time.js';
import type { ListedLog, TrailDigest } from './digest-file.js';
import { type DigestFinding, findingOf } from './digest-finding.js';
import { isSignedBy, type TrailKey } from './digest-signature.js';

/** A digest file as it was found. */
export interface FoundDigest {
  /** What people are told. */
  readonly name: string;
  /** Where it lies, as the source writes places. */
  readonly place: string;
  /** By its name. */
  readonly endsAt: Instant;
  /** Null for a file that cannot be read as a digest: it breaks the chain. */
  readonly digest: TrailDigest | null;
  /** Of the object's metadata (`x-amz-meta-signature`); null where that is not kept, as in a folder. */
  readonly signatureHex: string | null;
}

export interface Window {
  readonly from: Instant;
  /** Not after now. */
  readonly until: Instant;
}

export interface Span {
  readonly from: Instant;
  readonly until: Instant;
}

/** What one chain of digests proves. */
export interface ChainOfDigests {
  readonly findings: readonly DigestFinding[];
  /** Hours whose log files are known, oldest first. */
  readonly covered: readonly Span[];
  readonly logs: readonly ListedLog[];
}

export interface ChainView {
  /** `account/region/trail_region`. */
  readonly chain: string;
  /** Oldest first, none of them after the next whole hour beyond the window. */
  readonly found: readonly FoundDigest[];
  /** The public keys that were valid when a digest was made. */
  readonly keysFor: (digest: FoundDigest) => readonly TrailKey[];
  /** How the source writes the place of an object. */
  readonly placeOf: (bucket: string, object: string) => string;
  readonly window: Window;
}

/** "Digest files are delivered" once an hour; a part of the next hour may pass until the last one is there. */
export const DIGEST_LAG_SECONDS = 2 * 3600;

/**
 * Judges the digests of one trail in one Region, from the newest back: each is signed by CloudTrail over its own place,
 * and names the hash and signature of the one before. Nobody can edit one, take one out of the middle, or add one. What
 * no chain can show by itself is measured against the window: its first and its last hours.
 */
export function judgeDigests(view: ChainView): ChainOfDigests {
  const findings: DigestFinding[] = [];
  const proven: TrailDigest[] = [];
  let next: TrailDigest | null = null;
  for (const found of [...view.found].reverse()) {
    const isNext = next?.previous && view.placeOf(next.previous.bucket, next.previous.object) === found.place;
    findings.push(...linkFaults(view, found, next));
    const faults = faultsOf(view, found, isNext ? next : null);
    findings.push(...faults);
    next = found.digest;
    if (faults.length === 0 && found.digest !== null) proven.unshift(found.digest);
  }
  findings.push(...startFaults(view, next));
  const covered = joined(proven);
  findings.push(...edgeFaults(view, covered));
  return { findings, covered, logs: proven.flatMap(({ logs }) => logs) };
}

/** What is wrong with one digest. @param next the one after it, if it names this one */
function faultsOf(view: ChainView, found: FoundDigest, next: TrailDigest | null): readonly DigestFinding[] {
  const { digest, name } = found;
  if (digest === null) return [findingOf('digest-malformed', name, 'it is no digest file')];
  const claimed = view.placeOf(digest.bucket, digest.object);
  if (claimed !== found.place) return [findingOf('digest-moved', name, `it was delivered as ${claimed}`)];
  if (digest.endsAt !== found.endsAt) return [findingOf('digest-malformed', name, `it ends at ${digest.endText}`)];
  if (next?.previous && next.previous.hashHex !== digest.hashHex) {
    return [findingOf('digest-edited', name, 'the digest after it was made over another content')];
  }
  const signature = found.signatureHex ?? next?.previous?.signatureHex ?? null;
  if (signature === null) return [findingOf('digest-unsigned', name, 'its signature is not there')];
  const linked = next?.previous?.signatureHex ?? signature;
  if (linked.toLowerCase() !== signature.toLowerCase()) {
    return [findingOf('digest-signature', name, 'the digest after it names another signature')];
  }
  const keys = view.keysFor(found).filter(({ fingerprint }) => fingerprint === digest.fingerprint);
  if (keys.length === 0) {
    const detail = `no public key of CloudTrail's has the fingerprint ${digest.fingerprint} at that time`;
    return [findingOf('public-key', name, detail)];
  }
  if (keys.some((key) => isSignedBy(digest, signature, key))) return [];
  return [findingOf('digest-signature', name, 'its signature is not one of CloudTrail')];
}

/** What lies between a digest and the one after it. */
function linkFaults(view: ChainView, found: FoundDigest, next: TrailDigest | null): readonly DigestFinding[] {
  if (next === null) return [];
  if (next.previous === null) {
    // Validation was switched on anew; a file after the break says nothing of what was before it.
    return [findingOf('gap', view.chain, `nothing is proven from ${found.endsAt} to ${next.startsAt}`)];
  }
  const { bucket, object } = next.previous;
  const place = view.placeOf(bucket, object);
  if (place === found.place) return [];
  return [findingOf('digest-missing', place, `the digest that ends at ${next.endText} names it`)];
}

/** What the oldest digest names before itself must lie before the window. */
function startFaults({ chain, placeOf, window }: ChainView, oldest: TrailDigest | null): readonly DigestFinding[] {
  if (oldest === null || oldest.startsAt <= window.from) return [];
  if (oldest.previous === null) {
    return [findingOf('gap', chain, `the first digest starts at ${oldest.startsAt}: nothing is proven before it`)];
  }
  const place = placeOf(oldest.previous.bucket, oldest.previous.object);
  return [findingOf('digest-missing', place, `the digest that ends at ${oldest.endText} names it`)];
}

/** A chain that lost its newest digests is whole: only the clock shows it (T38). */
function edgeFaults({ chain, window }: ChainView, covered: readonly Span[]): readonly DigestFinding[] {
  const last = covered.at(-1)?.until;
  if (last === undefined || last >= window.until) return [];
  return [
    findingOf('cut-tail', chain, `the newest digest ends at ${last}: nothing is proven from then to ${window.until}`),
  ];
}

/** Spans without the seams between hours. */
function joined(digests: readonly TrailDigest[]): readonly Span[] {
  const spans: { from: Instant; until: Instant }[] = [];
  for (const { startsAt, endsAt } of digests) {
    const last = spans.at(-1);
    if (last !== undefined && startsAt <= last.until) last.until = endsAt > last.until ? endsAt : last.until;
    else spans.push({ from: startsAt, until: endsAt });
  }
  return spans;
}

/** Until when digests can be there: whole hours that ended a while ago. */
export function digestsDue(until: Instant, now: Instant): Instant {
  const due = addSeconds(now, -DIGEST_LAG_SECONDS);
  return instantFromMillis(Math.min(millisOf(until), millisOf(due)));
}
