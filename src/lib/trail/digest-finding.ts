/**
 * THE table of what can be wrong with digests and the log files they list. `refused`: somebody changed something;
 * `unproven`: nobody can say whether somebody did.
 */
export const DIGEST_FINDINGS = {
  'no-digests': ['unproven', 'there is no digest file'],
  'digest-malformed': ['refused', 'a digest file cannot be read'],
  'digest-moved': ['refused', 'a digest file does not lie where CloudTrail put it'],
  'digest-edited': ['refused', 'a digest file was changed'],
  'digest-signature': ['refused', "a digest file is not CloudTrail's"],
  'digest-missing': ['refused', 'a digest file was taken away'],
  'digest-unsigned': ['unproven', 'a digest file has lost its signature'],
  'public-key': ['unproven', 'the key that signed a digest is not known'],
  gap: ['unproven', 'no digests were made for a time'],
  'cut-tail': ['unproven', 'the newest digests are missing'],
  'log-edited': ['refused', 'a log file was changed'],
  'log-missing': ['refused', 'a log file was taken away'],
  'log-unlisted': ['refused', 'a log file that CloudTrail did not list'],
  'log-uncovered': ['unproven', 'a log file of a time that no digest covers'],
} as const satisfies Readonly<Record<string, readonly ['refused' | 'unproven', string]>>;

export type DigestFindingId = keyof typeof DIGEST_FINDINGS;

export interface DigestFinding {
  readonly id: DigestFindingId;
  readonly verdict: 'refused' | 'unproven';
  /** The file, or the chain. */
  readonly where: string;
  readonly detail: string;
}

export function findingOf(id: DigestFindingId, where: string, detail: string): DigestFinding {
  return { id, verdict: DIGEST_FINDINGS[id][0], where, detail };
}
