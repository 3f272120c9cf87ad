import {
  AuthorizationResponseError,
  allowInsecureRequests,
  type Configuration,
  customFetch,
  discovery,
  None,
  ResponseBodyError,
} from 'openid-client';
import { CustodyError } from '../base/errors.js';
import type { Clock } from '../base/time.js';
import { assertServiceUrl } from '../signing/sigstore/instance.js';
import { type IdentityToken, parseIdentityToken } from '../signing/sigstore/token.js';
import { exchange } from './http.js';

/** What a person's sign-in needs of the outside. */
export interface SignIn {
  /** The OpenID provider. */
  readonly issuer: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Tells the person where to go; the text holds an address, never a token. */
  readonly tell: (text: string) => void;
  /** How long the person may take. */
  readonly timeoutMillis: number;
}

/** The client id that the public-good instance knows such programs by; private ones are set up alike. */
const CLIENT_ID = 'sigstore';
const TIMEOUT_MILLIS = 20_000;
export const WHAT = 'the OpenID provider';
export const SCOPE = 'openid email';

/** A public client of the provider: no secret, PKCE in its place (RFC 8252). @throws CustodyError ENDPOINT_REFUSED, REMOTE_UNREACHABLE, DENIED */
export async function discover(issuer: string): Promise<Configuration> {
  const url = assertServiceUrl(issuer, WHAT);
  // Only loopback may speak in the clear; the guard above let no other address through.
  const execute = url.protocol === 'http:' ? [allowInsecureRequests] : [];
  return sensible(() =>
    discovery(url, CLIENT_ID, undefined, None(), { [customFetch]: proxied, execute, timeout: TIMEOUT_MILLIS / 1000 }),
  );
}

/** The library's requests through our client, which honours the proxy variables. */
async function proxied(
  address: string,
  options: { method: string; headers: unknown; body?: unknown },
): Promise<Response> {
  const url = assertServiceUrl(address, WHAT);
  const headers = Object.fromEntries(new Headers(options.headers as Record<string, string>).entries());
  const method = options.method === 'POST' ? 'POST' : 'GET';
  const body = options.body === undefined || options.body === null ? {} : { body: String(options.body) };
  const answer = await exchange(url, { method, headers, ...body, timeoutMillis: TIMEOUT_MILLIS }, WHAT);
  const shown = new Uint8Array(answer.body);
  return new Response(shown.length > 0 ? shown : null, {
    status: answer.status,
    headers: { 'content-type': answer.contentType },
  });
}

/** The identity token of a grant. @throws CustodyError DENIED */
export function takeToken(given: { readonly id_token?: string }, { clock }: SignIn): IdentityToken {
  if (given.id_token !== undefined) return parseIdentityToken(given.id_token, clock.now());
  throw new CustodyError('DENIED', `${WHAT} gave no identity token`);
}

/**
 * What the library throws holds answers, and so tokens, in its causes: only the protocol's own error word is kept
 * (RFC 6749 sections 4.1.2.1 and 5.2).
 */
export async function sensible<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    for (let at: unknown = cause; at instanceof Error; at = at.cause) if (at instanceof CustodyError) throw at;
    const refused = cause instanceof ResponseBodyError || cause instanceof AuthorizationResponseError;
    const word = refused && /^[a-z_]{1,60}$/.test(cause.error) ? cause.error : 'its answer is not as it should be';
    throw new CustodyError('DENIED', `${WHAT} gave no identity: ${word}`);
  }
}
