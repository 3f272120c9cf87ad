import type { JsonObject } from '../base/canonical-json.js';
import type { Decision } from './decision.js';

/** The entry points of the compiled policy. */
export type Entrypoint = 'guard' | 'cloudtrail' | 'terraform';

/** PORT: the policies with a plan's facts. Pure; never throws: what cannot be judged is denied. */
export interface Policy {
  decide(entrypoint: Entrypoint, input: JsonObject): Decision;
  /** Every purpose that the policies know, with its reason. */
  purposes(): Readonly<Record<string, string>>;
}
