import {
  calculatePKCECodeChallenge,
  initiateDeviceAuthorization,
  pollDeviceAuthorizationGrant,
  randomPKCECodeVerifier,
} from 'openid-client';
import { CustodyError } from '../base/errors.js';
import type { IdentityToken } from '../signing/sigstore/token.js';
import { discover, SCOPE, type SignIn, sensible, takeToken } from './oidc-client.js';

/**
 * A person signs in on another device (RFC 8628), for machines without a browser; with PKCE, as Sigstore's provider wants.
 * @throws CustodyError DENIED, TIMEOUT, REMOTE_UNREACHABLE
 */
export async function deviceToken(signIn: SignIn): Promise<IdentityToken> {
  const config = await discover(signIn.issuer);
  const verifier = randomPKCECodeVerifier();
  const challenge = { code_challenge: await calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' };
  const asked = await sensible(() => initiateDeviceAuthorization(config, { scope: SCOPE, ...challenge }));
  const address = asked.verification_uri_complete ?? asked.verification_uri;
  signIn.tell(`Open this address on any device, sign in, and compare the code ${asked.user_code}:\n${address}`);
  const signal = AbortSignal.timeout(signIn.timeoutMillis);
  try {
    const polled = () => pollDeviceAuthorizationGrant(config, asked, { code_verifier: verifier }, { signal });
    return takeToken(await sensible(polled), signIn);
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new CustodyError('TIMEOUT', `nobody signed in within ${signIn.timeoutMillis / 1000} s`);
  }
}
