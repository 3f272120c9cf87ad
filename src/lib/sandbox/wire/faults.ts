import { ServiceError } from '../service.js';

/** The two families of error names: services of AWS JSON 1.1 and of AWS Query call the same fault differently. */
export type Dialect = 'json' | 'query';

interface Naming {
  readonly json: readonly [code: string, status: number];
  readonly query: readonly [code: string, status: number];
}

/** THE table of faults that come before any operation runs. */
const WIRE_FAULTS = {
  unknownOperation: { json: ['UnknownOperationException', 400], query: ['InvalidAction', 400] },
  missingAction: { json: ['UnknownOperationException', 404], query: ['MissingAction', 400] },
  malformed: { json: ['SerializationException', 400], query: ['MalformedInput', 400] },
  tooLarge: { json: ['RequestEntityTooLargeException', 413], query: ['RequestEntityTooLarge', 413] },
  missingToken: { json: ['MissingAuthenticationTokenException', 400], query: ['MissingAuthenticationToken', 403] },
  incompleteSignature: { json: ['IncompleteSignatureException', 400], query: ['IncompleteSignature', 400] },
  unknownKey: { json: ['UnrecognizedClientException', 400], query: ['InvalidClientTokenId', 403] },
  badSignature: { json: ['InvalidSignatureException', 400], query: ['SignatureDoesNotMatch', 403] },
  expiredToken: { json: ['ExpiredTokenException', 400], query: ['ExpiredToken', 403] },
  denied: { json: ['AccessDeniedException', 400], query: ['AccessDenied', 403] },
  throttled: { json: ['ThrottlingException', 400], query: ['Throttling', 400] },
  unavailable: { json: ['ServiceUnavailableException', 503], query: ['ServiceUnavailable', 503] },
  internal: { json: ['InternalFailure', 500], query: ['InternalFailure', 500] },
} as const satisfies Record<string, Naming>;

export type WireFault = keyof typeof WIRE_FAULTS;

/** A fault under the name that services of this dialect give it. */
export function wireFault(dialect: Dialect, fault: WireFault, message: string): ServiceError {
  const [code, status] = WIRE_FAULTS[fault][dialect];
  return new ServiceError(code, message, status);
}
