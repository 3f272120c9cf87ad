import type { JsonObject, JsonValue } from '../../src/lib/base/canonical-json.js';
import { isObject } from '../support/facts/modelled.js';
import type { Ask, Outcome, Stage } from '../support/facts/stage.js';
import type { Transport, WireStage } from '../support/facts/wire-stage.js';

/** The tag on every key that a live run makes: leftovers of a run that was cut off are found by it. */
export const TAG = 'custody-live';

/** AWS's clock is not ours, and a request that is made again is answered later. */
const TOLERANCE_SECONDS = 300;

const TAGGED = ['CreateKey', 'ReplicateKey'];

/** A stage on a real account: its keys carry the run's tag, and answers do not show it. */
export function liveStage(wire: WireStage, run: string): Stage {
  return {
    root: wire.root,
    roleArn: (name) => wire.roleArn(name),
    alias: (name) => wire.alias(name),
    wait: (seconds) => wire.wait(seconds),
    nowMillis: () => wire.nowMillis(),
    toleranceSeconds: TOLERANCE_SECONDS,
    asked: () => null,
    forget: () => undefined,
    perform: async (ask) => withoutTag(await wire.perform(withTag(ask, run))),
  };
}

function withTag(ask: Ask, run: string): Ask {
  // A request that is about tags keeps them as they are.
  if (ask.service !== 'kms' || !TAGGED.includes(ask.operation) || ask.input.Tags !== undefined) return ask;
  return { ...ask, input: { ...ask.input, Tags: [{ TagKey: TAG, TagValue: run }] } };
}

function withoutTag(outcome: Outcome): Outcome {
  if (!('answer' in outcome) || !Array.isArray(outcome.answer.Tags)) return outcome;
  const tags: readonly JsonValue[] = outcome.answer.Tags;
  const Tags = tags.filter((tag) => !isObject(tag) || tag.TagKey !== TAG);
  const answer: JsonObject = { ...outcome.answer, Tags };
  return { answer };
}

const THROTTLED = /ThrottlingException|Throttling<|Rate exceeded|RequestLimitExceeded|TooManyRequests/;
const MOST_TRIES = 8;

/** Sends again what AWS refuses because of the pace, later and later. */
export function patient(transport: Transport, wait: (seconds: number) => Promise<void>): Transport {
  return async (at, request) => {
    for (let tries = 1; ; tries++) {
      const response = await transport(at, request);
      const again = response.status >= 500 || (response.status !== 200 && THROTTLED.test(response.text));
      if (!again || tries === MOST_TRIES) return response;
      await wait(Math.min(2 ** (tries - 2), 16));
    }
  };
}
