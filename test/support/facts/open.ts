import type { OpenFact } from './fact.js';
import { checkPlayed, type Played, play } from './play.js';
import { checkRecorded } from './record.js';
import type { Outcome, Stage } from './stage.js';

/** Which of its answers an open point gets here; in words, when it is none of them. @throws Error when the story before the last request fails */
export async function answerOf(stage: Stage, fact: OpenFact): Promise<string> {
  return answerIn(stage, fact, await play(stage, fact));
}

/** Whether an answer is told by CloudTrail's record, which on an account comes late. */
export function isRecorded({ answers }: OpenFact): boolean {
  return Object.values(answers).some(({ expect: expected }) => expected?.record !== undefined);
}

/** Which answer a story that was played gives. */
export async function answerIn(stage: Stage, fact: OpenFact, played: Played): Promise<string> {
  for (const [name, { expect: expected }] of Object.entries(fact.answers)) {
    try {
      if (expected === undefined) continue;
      checkPlayed(stage, played, expected);
      await checkRecorded(stage, played, expected);
      return name;
    } catch {
      // Not this one.
    }
  }
  return `none of the answers: ${inWords(played.outcome)}`;
}

export function inWords(outcome: Outcome): string {
  if ('answer' in outcome) return `answered ${JSON.stringify(outcome.answer)}`;
  const { code, status, message } = outcome.refused;
  return `${code} (${status}): ${message}`;
}
