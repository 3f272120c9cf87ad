import type { JsonObject } from '../base/canonical-json.js';

/** An Allow of a seeded policy. */
export function statement(sid: string, action: readonly string[], resource: string | readonly string[]): JsonObject {
  return { Sid: sid, Effect: 'Allow', Action: action, Resource: resource };
}
