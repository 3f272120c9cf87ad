import type { OpenFact } from './fact.js';
import { checkPlayed, play } from './play.js';
import type { Outcome, Stage } from './stage.js';

/** Which of its answers an open point gets here; in words, when it is none of them. @throws Error when the story before the last request fails */
export async function answerOf(stage: Stage, fact: OpenFact): Promise<string> {
  const played = await play(stage, fact);
  for (const [name, { expect: expected }] of Object.entries(fact.answers)) {
    try {
      if (expected === undefined) continue;
      checkPlayed(stage, played, expected);
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
