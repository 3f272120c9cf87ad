import { CustodyError, type ErrorCode } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import type { Trace } from './trace.js';

/** Which call failed. */
export interface About {
  readonly service: 'kms' | 'sts' | 'iam' | 'cloudtrail' | 's3';
  readonly region: string;
  readonly operation: string;
}

/** THE table: what AWS's names of errors mean to us. A name that is not here is a REFUSED when AWS answered with 4xx. */
const CODE_OF: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: 'DENIED',
  AccessDeniedException: 'DENIED',
  UnauthorizedOperation: 'DENIED',
  CredentialsProviderError: 'CREDENTIALS_MISSING',
  TokenProviderError: 'CREDENTIALS_MISSING',
  ExpiredToken: 'CREDENTIALS_MISSING',
  ExpiredTokenException: 'CREDENTIALS_MISSING',
  UnrecognizedClientException: 'CREDENTIALS_MISSING',
  InvalidClientTokenId: 'CREDENTIALS_MISSING',
  InvalidAccessKeyId: 'CREDENTIALS_MISSING',
  InvalidToken: 'CREDENTIALS_MISSING',
  MissingAuthenticationToken: 'CREDENTIALS_MISSING',
  MissingAuthenticationTokenException: 'CREDENTIALS_MISSING',
  IncompleteSignature: 'CREDENTIALS_MISSING',
  IncompleteSignatureException: 'CREDENTIALS_MISSING',
  InvalidSignatureException: 'CREDENTIALS_MISSING',
  SignatureDoesNotMatch: 'CREDENTIALS_MISSING',
  NotAuthorized: 'CREDENTIALS_MISSING',
  RequestExpired: 'CLOCK_SKEW',
  RequestTimeTooSkewed: 'CLOCK_SKEW',
  Throttling: 'THROTTLED',
  ThrottlingException: 'THROTTLED',
  ThrottledException: 'THROTTLED',
  RequestLimitExceeded: 'THROTTLED',
  SlowDown: 'THROTTLED',
  TooManyRequestsException: 'THROTTLED',
  LimitExceeded: 'LIMIT_EXCEEDED',
  LimitExceededException: 'LIMIT_EXCEEDED',
  EntityTooLarge: 'LIMIT_EXCEEDED',
  NotFoundException: 'NOT_FOUND',
  NoSuchEntity: 'NOT_FOUND',
  NoSuchEntityException: 'NOT_FOUND',
  NoSuchBucket: 'NOT_FOUND',
  NoSuchKey: 'NOT_FOUND',
  NoSuchVersion: 'NOT_FOUND',
  // S3's words for "another request for the same is under way, try again".
  ConditionalRequestConflict: 'UNAVAILABLE',
  OperationAborted: 'UNAVAILABLE',
  // S3 answers 301 for a bucket of another Region than the plan's.
  PermanentRedirect: 'REFUSED',
  InternalFailure: 'UNAVAILABLE',
  InternalError: 'UNAVAILABLE',
  KMSInternalException: 'UNAVAILABLE',
  ServiceFailure: 'UNAVAILABLE',
  ServiceUnavailable: 'UNAVAILABLE',
  ServiceUnavailableException: 'UNAVAILABLE',
  DependencyTimeoutException: 'UNAVAILABLE',
  KeyUnavailableException: 'UNAVAILABLE',
  TimeoutError: 'TIMEOUT',
  AbortError: 'TIMEOUT',
  RequestTimeout: 'TIMEOUT',
  RequestTimeoutException: 'TIMEOUT',
};

/** Errors of the network, by their `code`. */
const CODE_OF_NETWORK: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'UNAVAILABLE',
  ECONNRESET: 'UNAVAILABLE',
  EPIPE: 'UNAVAILABLE',
  ENOTFOUND: 'UNAVAILABLE',
  EAI_AGAIN: 'UNAVAILABLE',
  EHOSTUNREACH: 'UNAVAILABLE',
  ENETUNREACH: 'UNAVAILABLE',
  ENETDOWN: 'UNAVAILABLE',
  ETIMEDOUT: 'TIMEOUT',
  ESOCKETTIMEDOUT: 'TIMEOUT',
};

/** With these no request has left: the connection was never made. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
]);
const TLS_FAILURE =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET|VERIFY|DECRYPT|DECODE)_|HOSTNAME_MISMATCH)/;
/** Their messages quote the canonical request, and with it headers and session tokens (T46). */
const UNQUOTABLE: ReadonlySet<ErrorCode> = new Set(['CREDENTIALS_MISSING', 'CLOCK_SKEW', 'BUG']);

const MEANING: Readonly<Partial<Record<ErrorCode, string>>> = {
  DENIED: 'AWS denied it',
  CREDENTIALS_MISSING: 'there are no valid AWS credentials',
  CLOCK_SKEW: 'AWS finds the signature outside of its time: this clock is wrong',
  THROTTLED: 'AWS is limiting the rate of calls',
  NOT_FOUND: 'AWS has no such thing',
  LIMIT_EXCEEDED: 'a limit of AWS is reached',
  UNAVAILABLE: 'AWS cannot be reached or has failed',
  TIMEOUT: 'AWS did not answer in time',
  ENDPOINT_REFUSED: 'the endpoint could not prove that it is AWS',
  REFUSED: 'AWS refused it',
  BUG: 'the call could not be made or its answer not be read',
};

const SUGGESTIONS: Readonly<Partial<Record<ErrorCode, string>>> = {
  CREDENTIALS_MISSING: 'Choose a profile with --profile or AWS_PROFILE, or log in again (`aws sso login`).',
  CLOCK_SKEW: 'Set the clock of this machine and run it again.',
  THROTTLED: 'Wait a little and run it again.',
  UNAVAILABLE: 'Run it again.',
  TIMEOUT: 'Run it again.',
};

/**
 * Any failure of an SDK call as one of ours. Details: `awsCode`, `requestId`, and `maybeDone`: whether AWS may have
 * carried the call out. The SDK's own error is not kept as cause: it holds headers and bodies (T46).
 */
export function mapAwsError(cause: unknown, about: About, trace: Trace): CustodyError {
  if (cause instanceof CustodyError) return withMaybeDone(cause, about, trace);
  const found = factsOf(cause);
  const code = codeOf(found);
  const said = UNQUOTABLE.has(code) || found.message === '' ? '' : `: ${found.message}`;
  return new CustodyError(code, `${about.operation} in ${about.region}: ${MEANING[code] ?? 'it failed'}${said}`, {
    details: {
      ...about,
      awsCode: found.name,
      requestId: found.requestId,
      status: found.status,
      maybeDone: maybeDone(code, found, trace),
    },
    suggestions: SUGGESTIONS[code] === undefined ? [] : [SUGGESTIONS[code]],
  });
}

/** What kind of failure an SDK error is. */
export function codeOfCause(cause: unknown): ErrorCode {
  return codeOf(factsOf(cause));
}

interface Facts {
  readonly name: string;
  /** The system's code of a network failure. */
  readonly errno: string;
  /** AWS's message, at most 500 characters. */
  readonly message: string;
  readonly status: number | null;
  readonly requestId: string | null;
}

function factsOf(cause: unknown): Facts {
  const error = isObject(cause) ? cause : {};
  const metadata = isObject(error.$metadata) ? error.$metadata : {};
  const status = typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : null;
  const textOf = (value: unknown) => (typeof value === 'string' ? value.slice(0, 500) : '');
  return {
    name: textOf(error.name) || 'unknown',
    errno: textOf(error.code),
    // Only AWS's own words: messages of parsers quote the bytes they failed on.
    message: status === null || error.$fault === undefined ? '' : textOf(error.message),
    status,
    requestId: typeof metadata.requestId === 'string' ? metadata.requestId : null,
  };
}

function codeOf({ name, errno, message, status }: Facts): ErrorCode {
  const isSkew = name === 'InvalidSignatureException' || name === 'SignatureDoesNotMatch';
  if (isSkew && /expired|not yet current/i.test(message)) return 'CLOCK_SKEW';
  const known = Object.hasOwn(CODE_OF, name) ? CODE_OF[name] : undefined;
  if (known !== undefined) return known;
  const network = Object.hasOwn(CODE_OF_NETWORK, errno) ? CODE_OF_NETWORK[errno] : undefined;
  if (network !== undefined) return network;
  if (TLS_FAILURE.test(errno)) return 'ENDPOINT_REFUSED';
  if (status === null) return 'BUG';
  if (status === 429) return 'THROTTLED';
  return status >= 400 && status < 500 ? 'REFUSED' : 'UNAVAILABLE';
}

function maybeDone(code: ErrorCode, { errno, status }: Facts, trace: Trace): boolean {
  if (!trace.sent || NEVER_CONNECTED.has(errno) || code === 'ENDPOINT_REFUSED') return false;
  // An answer of 4xx is AWS's no; 5xx, a broken answer and silence say nothing about what happened.
  return status === null || status < 400 || status >= 500;
}

function withMaybeDone(error: CustodyError, about: About, trace: Trace): CustodyError {
  const done = trace.sent && (error.code === 'TIMEOUT' || error.code === 'UNAVAILABLE');
  return new CustodyError(error.code, `${about.operation} in ${about.region}: ${error.message}`, {
    details: { ...about, ...error.details, maybeDone: done },
    suggestions: error.suggestions,
  });
}
