import type { JsonObject } from '../../base/canonical-json.js';
import { parseJson } from '../../base/canonical-json.js';
import { isObject } from '../../base/fields.js';
import type { ServiceError } from '../service.js';
import { wireFault } from './faults.js';
import { MAX_BODY_BYTES } from './message.js';
import type { Payload } from './query.js';

/** AWS JSON 1.1: the operation in X-Amz-Target, a JSON object as body. */

const LIMITS = { maxBytes: MAX_BODY_BYTES, maxDepth: 32 };

/** @throws ServiceError SerializationException for anything but one JSON object. */
export function decodeJson(body: Uint8Array): JsonObject {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = parseJson(body, 'the body', LIMITS);
  } catch {
    value = undefined;
  }
  if (!isObject(value)) throw wireFault('json', 'malformed', 'the body must be one JSON object');
  return value as JsonObject;
}

export function encodeJson(answer: JsonObject): Payload {
  const empty = Object.keys(answer).length === 0;
  return { contentType: 'application/x-amz-json-1.1', text: empty ? '{}' : JSON.stringify(answer) };
}

export function encodeJsonError(error: ServiceError): Payload {
  return encodeJson({ __type: error.code, message: error.message, ...error.members });
}
