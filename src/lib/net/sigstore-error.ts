import { CustodyError } from '../base/errors.js';
import { networkError, statusError } from './http.js';

/** How often and after how many milliseconds sigstore-js asks again. */
export const RETRY = { retries: 2, minTimeout: 200 };

/**
 * What a client of sigstore-js threw, by the status or system code in it alone: its messages and causes quote what was
 * sent, which may be a token (T46).
 */
export function serviceError(cause: unknown, url: URL, what: string): CustodyError {
  if (cause instanceof CustodyError) return cause;
  const inner: unknown = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  if (inner instanceof CustodyError) return inner;
  const status: unknown = typeof inner === 'object' && inner !== null ? Reflect.get(inner, 'statusCode') : undefined;
  return typeof status === 'number' ? statusError(status, url, what) : networkError(inner, url, what);
}
