import { ServiceError } from '../service.js';

/** The families of error names: services of AWS JSON 1.1, of AWS Query and S3 call the same fault differently. */
export type Dialect = 'json' | 'query' | 's3';

interface Naming {
  readonly json: readonly [code: string, status: number];
  readonly query: readonly [code: string, status: number];
  /** "Error responses", Amazon S3 API Reference. */
  readonly s3: readonly [code: string, status: number];
}

/** THE table of faults that come before any operation runs. */
const WIRE_FAULTS = {
  unknownOperation: {
    json: ['UnknownOperationException', 400],
    query: ['InvalidAction', 400],
    s3: ['NotImplemented', 501],
  },
  missingAction: {
    json: ['UnknownOperationException', 404],
    query: ['MissingAction', 400],
    s3: ['NotImplemented', 501],
  },
  malformed: { json: ['SerializationException', 400], query: ['MalformedInput', 400], s3: ['MalformedXML', 400] },
  tooLarge: {
    json: ['RequestEntityTooLargeException', 413],
    query: ['RequestEntityTooLarge', 413],
    s3: ['EntityTooLarge', 400],
  },
  missingToken: {
    json: ['MissingAuthenticationTokenException', 400],
    query: ['MissingAuthenticationToken', 403],
    s3: ['AccessDenied', 403],
  },
  incompleteSignature: {
    json: ['IncompleteSignatureException', 400],
    query: ['IncompleteSignature', 400],
    s3: ['AuthorizationHeaderMalformed', 400],
  },
  unknownKey: {
    json: ['UnrecognizedClientException', 400],
    query: ['InvalidClientTokenId', 403],
    s3: ['InvalidAccessKeyId', 403],
  },
  badSignature: {
    json: ['InvalidSignatureException', 400],
    query: ['SignatureDoesNotMatch', 403],
    s3: ['SignatureDoesNotMatch', 403],
  },
  expiredToken: { json: ['ExpiredTokenException', 400], query: ['ExpiredToken', 403], s3: ['ExpiredToken', 400] },
  denied: { json: ['AccessDeniedException', 400], query: ['AccessDenied', 403], s3: ['AccessDenied', 403] },
  throttled: { json: ['ThrottlingException', 400], query: ['Throttling', 400], s3: ['SlowDown', 503] },
  unavailable: {
    json: ['ServiceUnavailableException', 503],
    query: ['ServiceUnavailable', 503],
    s3: ['ServiceUnavailable', 503],
  },
  internal: { json: ['InternalFailure', 500], query: ['InternalFailure', 500], s3: ['InternalError', 500] },
} as const satisfies Record<string, Naming>;

export type WireFault = keyof typeof WIRE_FAULTS;

/** A fault under the name that services of this dialect give it. */
export function wireFault(dialect: Dialect, fault: WireFault, message: string): ServiceError {
  const [code, status] = WIRE_FAULTS[fault][dialect];
  return new ServiceError(code, message, status);
}
