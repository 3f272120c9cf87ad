import { TAG } from './live-stage.js';
import type { Place } from './localize.js';

export interface Row {
  readonly fact: string;
  /** `answered`, `not answered`: of an open point. */
  readonly verdict: 'confirmed' | 'differs' | 'answered' | 'not answered';
  /** What AWS answered, in words. */
  readonly live: string;
}

/** What a person is told before anything is made. */
export function notice({ account, adminArn, prefix }: Place, trials: number): readonly string[] {
  return [
    `${trials} vectors on account ${account}, as ${adminArn}.`,
    `Names begin with ${prefix}; keys carry the tag ${TAG}=${prefix}. Regions: eu-central-1, eu-west-1.`,
    `Made and taken away again: up to ${2 * trials} KMS keys (deletion scheduled with 7 days), aliases, grants, IAM roles, policies and identity providers.`,
    'Cost: KMS charges a key by the hour until its deletion is scheduled, and requests beyond the free tier: about one US dollar for a full run.',
    'Limits: one request at a time, so far below the quotas that programs of this account need; CreateKey and role quotas must have room.',
    'It starts in 10 seconds: Ctrl-C stops it now without a trace.',
  ];
}

/** The line of a fact. */
export function finding({ fact, verdict, live }: Row): string {
  const [first = ''] = live.replace(/\s+/g, ' ').match(/.{1,300}/u) ?? [];
  return `${verdict.padEnd(12)}  ${fact}${verdict === 'confirmed' ? '' : ` → ${first}`}`;
}

/** The end of a run: what to write into docs/fidelity.md, and what is left. */
export function summary(rows: readonly Row[], leftovers: readonly string[], run: string): readonly string[] {
  const count = (verdict: Row['verdict']): number => rows.filter((row) => row.verdict === verdict).length;
  const notable = rows.filter(({ verdict }) => verdict !== 'confirmed').map(finding);
  return [
    '',
    `${count('confirmed')} confirmed, ${count('differs')} differ; open points: ${count('answered')} answered, ${count('not answered')} not`,
    ...notable,
    ...(leftovers.length === 0
      ? [
          `Nothing is left of ${run}: roles, policies, providers, aliases and grants are gone, keys wait for their deletion.`,
        ]
      : ['LEFT BEHIND, to be taken away by hand:', ...leftovers]),
  ];
}
