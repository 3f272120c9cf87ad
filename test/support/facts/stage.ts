import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import type { Authorization } from '../../../src/lib/sandbox/service.js';
import { HOME } from '../../lib/sandbox/kms/harness.js';
import type { How } from './fact.js';
import type { ModelledService } from './model.js';

/** One request of a story. */
export interface Ask {
  readonly service: ModelledService;
  readonly operation: string;
  readonly input: JsonObject;
  readonly as?: string;
  readonly in?: string;
  readonly session?: string;
}

/** An error of the service, as the wire or the state machine shows it. */
export interface Refused {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

/** `requestId` is the wire's, by which CloudTrail knows the call; the state machine alone has none. */
export type Outcome = ({ readonly answer: JsonObject } | { readonly refused: Refused }) & {
  readonly requestId?: string;
};

/** Where facts are played: the state machine alone, a sandbox behind a socket, a real account. */
export interface Stage {
  /** The account root of the stage, which stands in its policies. */
  readonly root: string;
  roleArn(name: string): string;
  /** The alias of this name, with what the stage puts in front of it. */
  alias(name: string): string;
  /** Makes the request and holds what comes back against the service model. @throws Error when the model does not have it */
  perform(ask: Ask): Promise<Outcome>;
  wait(seconds: number): Promise<void>;
  nowMillis(): number;
  /** How far an instant of an answer may be from `nowMillis`: nothing where the clock stands still. */
  readonly toleranceSeconds: number;
  /** What no request to AWS does (an organization, tokens of an identity provider); only a sandbox has it. */
  control?(operation: string, input: JsonObject): JsonObject;
  /** What the service asked of IAM since `forget`; null where that cannot be seen. */
  asked(): readonly Authorization[] | null;
  forget(): void;
}

/** The answer of a request that has to work. @throws Error */
export function told(outcome: Outcome, operation: string): JsonObject {
  if ('answer' in outcome) return outcome.answer;
  throw new Error(`${operation}: ${outcome.refused.code}: ${outcome.refused.message}`);
}

/** A call to KMS in a Region that has to work. */
export async function run(stage: Stage, operation: string, input: JsonObject, region = HOME): Promise<JsonObject> {
  return told(await stage.perform({ service: 'kms', operation, input, in: region }), operation);
}

/** As `perform`, again and again for `within` seconds while it is refused. */
export async function insist(stage: Stage, ask: Ask, { within = 0 }: How): Promise<Outcome> {
  const step = Math.max(1, Math.ceil(within / 12));
  for (let left = within; ; left -= step) {
    const outcome = await stage.perform(ask);
    if (left <= 0 || 'answer' in outcome) return outcome;
    await stage.wait(step);
  }
}
