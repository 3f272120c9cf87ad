import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { CustodyError } from '../base/errors.js';
import type { IdentityToken } from '../signing/sigstore/token.js';
import { discover, SCOPE, type SignIn, sensible, takeToken } from './oidc-client.js';

const PATH = '/auth/callback';
const DONE = 'Signed in. You can close this page.\n';

/**
 * A person signs in with a browser on this machine (RFC 8252 section 7.3): authorization code with PKCE S256, state and
 * nonce; the answer comes to a port of 127.0.0.1 that is open until then.
 * @throws CustodyError DENIED, TIMEOUT, REMOTE_UNREACHABLE
 */
export async function browserToken(signIn: SignIn): Promise<IdentityToken> {
  const config = await discover(signIn.issuer);
  const state = randomState();
  const { server, arrived } = await listen(state, signIn.timeoutMillis);
  try {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return await askThrough(config, `http://localhost:${port}${PATH}`, state, arrived, signIn);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function askThrough(
  config: Configuration,
  redirectUri: string,
  state: string,
  arrived: Promise<URL>,
  signIn: SignIn,
): Promise<IdentityToken> {
  const [pkceCodeVerifier, nonce] = [randomPKCECodeVerifier(), randomNonce()];
  const url = buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: SCOPE,
    state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  signIn.tell(`Open this address in a browser on this machine and sign in:\n${url.href}`);
  const answer = await arrived;
  const current = new URL(`${redirectUri}${answer.search}`);
  const checks = { pkceCodeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  return takeToken(await sensible(() => authorizationCodeGrant(config, current, checks)), signIn);
}

interface Listening {
  readonly server: Server;
  /** The address with the provider's answer. */
  readonly arrived: Promise<URL>;
}

/** Other programs can reach the port, too: only what carries the state is the answer, everything else is turned away. */
async function listen(state: string, timeoutMillis: number): Promise<Listening> {
  const server = createServer();
  const arrived = new Promise<URL>((resolve, reject) => {
    const late = new CustodyError('TIMEOUT', `nobody signed in within ${timeoutMillis / 1000} s`);
    const timer = setTimeout(() => reject(late), timeoutMillis);
    server.on('close', () => clearTimeout(timer));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const answers = request.method === 'GET' && url.pathname === PATH && url.searchParams.get('state') === state;
      response.writeHead(answers ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(answers ? DONE : 'Not here.\n', () => (answers ? resolve(url) : undefined));
    });
  });
  // Nobody waits for it until the address was shown.
  arrived.catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new CustodyError('UNAVAILABLE', 'no port of 127.0.0.1 is free', { cause })));
    server.listen(0, '127.0.0.1', resolve);
  });
  return { server, arrived };
}
