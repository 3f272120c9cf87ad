import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import type { Clock } from '../base/time.js';
import { assertServiceUrl } from '../signing/sigstore/instance.js';
import { AUDIENCE, type IdentityToken, parseIdentityToken } from '../signing/sigstore/token.js';
import { exchange, statusError } from './http.js';

/** Environment variables, as the composition root gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const TIMEOUT_MILLIS = 20_000;
const WHAT = "GitHub's token service";

/**
 * The identity that a CI job has by itself: SIGSTORE_ID_TOKEN (GitLab's `id_tokens`, or any other provider), else the
 * token service of GitHub Actions. Asked anew each time: such tokens live for minutes.
 * @throws CustodyError CREDENTIALS_MISSING; DENIED; REMOTE_UNREACHABLE
 */
export async function ambientToken(environment: Environment, clock: Pick<Clock, 'now'>): Promise<IdentityToken> {
  const given = environment.SIGSTORE_ID_TOKEN;
  if (given) return parseIdentityToken(given, clock.now());
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } = environment;
  if (url && secret) return parseIdentityToken(await fromGitHub(url, secret), clock.now());
  throw new CustodyError('CREDENTIALS_MISSING', 'this environment has no OpenID Connect identity', {
    suggestions: [
      'On GitHub, give the job `permissions: id-token: write`.',
      'On GitLab, give it `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`; elsewhere set SIGSTORE_ID_TOKEN.',
      'At a terminal, sign as a person: --identity browser.',
    ],
  });
}

/** GitHub, "OpenID Connect reference": the audience as a parameter, the request token as bearer, the answer's `value`. */
async function fromGitHub(given: string, secret: string): Promise<string> {
  const url = assertServiceUrl(given, 'ACTIONS_ID_TOKEN_REQUEST_URL');
  url.searchParams.set('audience', AUDIENCE);
  const headers = { authorization: `Bearer ${secret}`, accept: 'application/json' };
  const { status, body } = await exchange(url, { method: 'GET', headers, timeoutMillis: TIMEOUT_MILLIS }, WHAT);
  if (status !== 200) throw statusError(status, url, WHAT);
  const value = tokenIn(body);
  if (value !== null) return value;
  throw new CustodyError('DENIED', `${WHAT} gave no token`);
}

function tokenIn(body: Buffer): string | null {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'));
    return isObject(json) && typeof json.value === 'string' ? json.value : null;
  } catch {
    return null;
  }
}
