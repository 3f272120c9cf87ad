import type { JsonObject, JsonValue } from '../../../src/lib/base/canonical-json.js';
import { DIALECT, type ModelledService } from './model.js';
import { assertAnswer, assertError, isObject, readQueryAnswer, readQueryError } from './modelled.js';
import type { Outcome, Refused } from './stage.js';

export interface WireResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

const REQUEST_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
/** A parameter of the type (`charset`) changes nothing. */
const TYPES = { json: /^application\/x-amz-json-1\.1$/, query: /^text\/xml(?:;|$)/ };

/**
 * What a response says, read by the service model alone.
 * @throws Error for anything that the model, or the protocol (Smithy, "AWS JSON 1.1", "AWS Query"), does not have
 */
export function readOutcome(service: ModelledService, operation: string, response: WireResponse): Outcome {
  const { status, headers, text } = response;
  const dialect = DIALECT[service];
  const requestId = headers['x-amzn-requestid'] ?? '';
  if (!REQUEST_ID.test(requestId)) throw new Error(`no request id: ${requestId}`);
  if (!TYPES[dialect].test(headers['content-type'] ?? '')) throw new Error(`type ${String(headers['content-type'])}`);
  if (status === 200) {
    // An operation without output may answer with nothing at all.
    const answer = dialect === 'json' ? readJson(text === '' ? '{}' : text) : readQueryAnswer(service, operation, text);
    assertAnswer(service, operation, answer);
    return { answer, requestId };
  }
  const refused = dialect === 'json' ? readJsonError(text) : readQueryError(text);
  const fault = assertError(service, operation, refused.code);
  // The model and the API reference disagree about the number within the class: docs/fidelity.md.
  if (Math.floor(status / 100) !== (fault === 'client' ? 4 : 5)) throw new Error(`${refused.code} as status ${status}`);
  return { refused: { ...refused, status }, requestId };
}

function readJson(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isObject(value as JsonValue)) throw new Error('the answer is not one JSON object');
  return value as JsonObject;
}

function readJsonError(text: string): Omit<Refused, 'status'> {
  const { __type, message, Message, ...more } = readJson(text);
  if (typeof __type !== 'string') throw new Error(`an error without __type: ${text}`);
  if (Object.keys(more).length > 0) throw new Error(`an error with more than __type and message: ${text}`);
  // The part before # is the namespace of the shape (Smithy, "Operation error serialization").
  return { code: __type.replace(/^.*#/, ''), message: String(message ?? Message ?? '') };
}
