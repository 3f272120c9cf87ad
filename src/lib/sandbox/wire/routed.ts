import type { JsonObject } from '../../base/canonical-json.js';
import type { Service } from '../service.js';
import type { Payload } from './query.js';

export type ServiceName = Service['name'];

/** Which operation of which service a request asks for, and how to answer it. */
export interface Route {
  readonly service: ServiceName;
  readonly operation: string;
  /** @throws ServiceError SerializationException */
  input(): JsonObject;
  answer(output: JsonObject, requestId: string): Payload;
}
