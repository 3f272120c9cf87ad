import { decodeUtf8 } from '../../base/bytes.js';
import { CustodyError } from '../../base/errors.js';
import { isObject } from '../../base/fields.js';
import { type Instant, instantFromMillis, isLaterBy } from '../../base/time.js';

/**
 * An OpenID Connect identity token with what we need of its claims. The token is a secret that signs in its subject's
 * name for minutes: it lies in a private field, which no log, error or JSON shows (T46).
 */
export class IdentityToken {
  readonly #token: string;

  constructor(
    token: string,
    readonly issuer: string,
    /** What Fulcio wants signed as proof of possession: the verified address, else `sub`. */
    readonly challenge: string,
    readonly expiresAt: Instant,
  ) {
    this.#token = token;
  }

  /** The compact JWS, for the one request that needs it. */
  reveal(): string {
    return this.#token;
  }
}

/** The audience that Fulcio takes tokens for. */
export const AUDIENCE = 'sigstore';

const MAX_TOKEN = 32 * 1024;
/** Clocks of providers may be ahead of ours. */
const SKEW_SECONDS = 60;

/**
 * Reads a token's claims and refuses one that Fulcio would: another audience, too early or late, an address that the
 * provider has not verified. Its signature is Fulcio's to check. No message ever quotes it.
 * @param audience one of the token's audiences
 * @throws CustodyError DENIED
 */
export function parseIdentityToken(token: string, now: Instant, audience = AUDIENCE): IdentityToken {
  const claims = claimsOf(token.trim());
  const { iss, exp, nbf } = claims;
  if (typeof iss !== 'string' || iss === '') throw denied('names no issuer');
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  if (!audiences.includes(audience)) throw denied(`is not for the audience ${audience}`);
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw denied('has no expiry');
  const expiresAt = instantFromMillis(exp * 1000);
  if (isLaterBy(0, expiresAt, now)) throw denied(`expired at ${expiresAt}`);
  if (typeof nbf === 'number' && isLaterBy(SKEW_SECONDS, now, instantFromMillis(nbf * 1000))) {
    throw denied('is not valid yet');
  }
  return new IdentityToken(token.trim(), iss, challengeOf(claims), expiresAt);
}

function challengeOf({ email, email_verified: verified, sub }: Readonly<Record<string, unknown>>): string {
  if (typeof email === 'string' && email !== '') {
    if (verified === true || verified === 'true') return email;
    throw denied('has an address that the provider has not verified');
  }
  if (typeof sub === 'string' && sub !== '') return sub;
  throw denied('names no subject');
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const parts = token.split('.');
  const [, payload = ''] = parts;
  const wellFormed = token.length <= MAX_TOKEN && parts.length === 3 && /^[A-Za-z0-9_-]+$/.test(payload);
  const text = wellFormed ? decodeUtf8(Buffer.from(payload, 'base64url')) : null;
  const claims = text === null ? null : parsed(text);
  if (claims) return claims;
  throw denied('is no JSON Web Token');
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    // The parser's message quotes its input.
    return null;
  }
}

function denied(found: string): CustodyError {
  return new CustodyError('DENIED', `the identity token ${found}`);
}
