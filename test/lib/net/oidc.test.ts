import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect, promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instantFromMillis } from '../../../src/lib/base/time.js';
import { exchange } from '../../../src/lib/net/http.js';
import { ambientToken } from '../../../src/lib/net/oidc-ambient.js';
import { browserToken } from '../../../src/lib/net/oidc-browser.js';
import { deviceToken } from '../../../src/lib/net/oidc-device.js';
import { PACKAGE_ROOT } from '../../support/built.js';
import { OpenIdProvider } from '../../support/openid-provider.js';
import { ISSUER, rawToken, SUBJECT } from '../../support/sigstore-world.js';

const clock = { now: () => instantFromMillis(Date.now()) };

describe('the identity of a CI job', () => {
  let server: Server;
  let asked: { url: string; authorization: string | undefined }[];
  let answer: { status: number; body: string; location?: string };
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push({ url: request.url ?? '', authorization: request.headers.authorization });
      response.writeHead(answer.status, answer.location ? { location: answer.location } : {}).end(answer.body);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  beforeEach(() => {
    asked = [];
    answer = { status: 200, body: JSON.stringify({ value: rawToken() }) };
  });
  afterAll(() => new Promise((done) => server.close(done)));

  const github = () => ({
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token?api-version=2`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-secret',
  });

  it('GitHub’s token service is asked for the audience sigstore', async () => {
    expect(await ambientToken(github(), clock)).toMatchObject({ issuer: ISSUER, challenge: SUBJECT });
    expect(asked).toEqual([{ url: '/token?api-version=2&audience=sigstore', authorization: 'Bearer request-secret' }]);
  });

  it('SIGSTORE_ID_TOKEN, as GitLab gives it, goes first and asks nobody', async () => {
    const environment = { ...github(), SIGSTORE_ID_TOKEN: rawToken({ sub: 'project_path:acme/keys' }) };
    expect(await ambientToken(environment, clock)).toMatchObject({ challenge: 'project_path:acme/keys' });
    expect(asked).toEqual([]);
  });

  it('without either: exit 4 and what to do', async () => {
    await expect(ambientToken({}, clock)).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING', exit: 4 });
    const half = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x.test' };
    await expect(ambientToken(half, clock)).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' });
  });

  it.each([
    ['a refusal', { status: 403, body: 'no' }, 'DENIED'],
    ['a fault', { status: 500, body: 'no' }, 'UNAVAILABLE'],
    ['no JSON', { status: 200, body: '<html>' }, 'DENIED'],
    ['no value', { status: 200, body: '{"value":1}' }, 'DENIED'],
    [
      'a token for another audience',
      { status: 200, body: JSON.stringify({ value: rawToken({ aud: 'aws' }) }) },
      'DENIED',
    ],
    ['a redirect', { status: 302, body: '', location: 'http://127.0.0.1:9/steal' }, 'REFUSED'],
  ])('%s: without the secret in the error', async (_, given, code) => {
    answer = given;
    const cause: unknown = await ambientToken(github(), clock).catch((found: unknown) => found);
    expect(cause).toMatchObject({ code });
    expect(inspect(cause, { depth: 9 })).not.toContain('request-secret');
    expect(asked).toHaveLength(1);
  });

  it('the request token never goes in the clear to another machine', async () => {
    const environment = { ...github(), ACTIONS_ID_TOKEN_REQUEST_URL: 'http://token.evil.test/' };
    await expect(ambientToken(environment, clock)).rejects.toMatchObject({ code: 'ENDPOINT_REFUSED' });
  });
});

describe('a person signs in', () => {
  let provider: OpenIdProvider;
  beforeEach(async () => {
    provider = await OpenIdProvider.start();
  });
  afterEach(() => provider.stop());

  const signIn = (visit: (url: string) => unknown, timeoutMillis = 10_000) => ({
    issuer: provider.issuer,
    clock,
    timeoutMillis,
    tell: (text: string) => {
      const url = text.split('\n').at(-1) ?? '';
      void Promise.resolve(visit(url)).catch(() => undefined);
    },
  });
  /** A browser: follows the redirect to the loopback port. */
  const visit = async (url: string, change: (back: URL) => void = () => undefined) => {
    const { headers } = await fetch(url, { redirect: 'manual' });
    const back = new URL(headers.get('location') ?? '');
    expect(back.hostname).toBe('localhost');
    back.hostname = '127.0.0.1';
    change(back);
    return fetch(back);
  };

  it('by browser: code, PKCE S256, state and nonce', async () => {
    let shown = new URL('http://x');
    const token = await browserToken(
      signIn((url) => {
        shown = new URL(url);
        return visit(url);
      }),
    );
    expect(token).toMatchObject({ issuer: provider.issuer, challenge: 'ann@acme.test' });
    const asked = Object.fromEntries(shown.searchParams);
    expect(asked).toMatchObject({ response_type: 'code', code_challenge_method: 'S256', client_id: 'sigstore' });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked[name]?.length).toBeGreaterThan(40);
  });

  it('a stranger’s answer to the port is turned away, and the true one still counts', async () => {
    const statuses: number[] = [];
    const token = await browserToken(
      signIn(async (url) => {
        statuses.push((await visit(url, (back) => back.searchParams.set('state', 'guessed'))).status);
        statuses.push((await visit(url, (back) => back.searchParams.delete('state'))).status);
        statuses.push((await visit(url)).status);
      }),
    );
    expect(token.challenge).toBe('ann@acme.test');
    expect(statuses.slice(0, 2)).toEqual([404, 404]);
  });

  it.each([
    ['another issuer', { iss: 'https://evil.test' }],
    ['another audience', { aud: 'other' }],
    ['another nonce', { nonce: 'x' }],
    ['an expired token', { exp: 1 }],
    ['an address that is not verified', { email_verified: false }],
  ])('a token of %s is refused, and not quoted', async (_, claims) => {
    provider.claims = claims;
    const cause: unknown = await browserToken(signIn((url) => visit(url))).catch((found: unknown) => found);
    expect(cause).toMatchObject({ code: 'DENIED', exit: 4 });
    expect(inspect(cause, { depth: 9 })).not.toContain('c2lnbmF0dXJl');
  });

  it('the provider says no: its word alone', async () => {
    provider.refuses = 'access_denied';
    const cause: unknown = await browserToken(signIn((url) => visit(url))).catch((found: unknown) => found);
    expect(cause).toMatchObject({ code: 'DENIED', message: expect.stringContaining('access_denied') });
    expect(inspect(cause, { depth: 9 })).not.toContain('c2lnbmF0dXJl');
    const denied = (back: URL) => {
      back.searchParams.delete('code');
      back.searchParams.set('error', 'access_denied');
    };
    await expect(browserToken(signIn((url) => visit(url, denied)))).rejects.toMatchObject({ code: 'DENIED' });
  });

  it('nobody comes: in time', async () => {
    await expect(browserToken(signIn(() => undefined, 200))).rejects.toMatchObject({ code: 'TIMEOUT', exit: 5 });
  });

  it('no provider there, or in the clear', async () => {
    const where = (issuer: string) => ({ ...signIn(() => undefined), issuer });
    await expect(browserToken(where('http://127.0.0.1:9'))).rejects.toMatchObject({ code: 'REMOTE_UNREACHABLE' });
    await expect(browserToken(where('http://oidc.acme.test'))).rejects.toMatchObject({ code: 'ENDPOINT_REFUSED' });
  });

  it('on another device, with PKCE', async () => {
    const told: string[] = [];
    const token = await deviceToken({ ...signIn(() => undefined), tell: (text) => told.push(text) });
    expect(token.challenge).toBe('ann@acme.test');
    expect(told).toEqual([expect.stringMatching(/ABCD-EFGH:\nhttp:\/\/127\.0\.0\.1:\d+\/device$/)]);
  });

  it('on another device: refused, or nobody comes', async () => {
    provider.refuses = 'access_denied';
    await expect(deviceToken(signIn(() => undefined))).rejects.toMatchObject({ code: 'DENIED' });
    provider.refuses = 'authorization_pending';
    await expect(deviceToken(signIn(() => undefined, 300))).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('requests', () => {
  it('go through HTTPS_PROXY, but not where NO_PROXY says so', async () => {
    const tunnelled: string[] = [];
    const target = createServer((_, response) => response.end('plain'));
    const proxy = createServer((_, response) => response.end('by proxy'));
    proxy.on('connect', (request, socket) => {
      tunnelled.push(String(request.url));
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    for (const server of [target, proxy]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const portOf = (server: Server) => (server.address() as AddressInfo).port;
    const address = `http://127.0.0.1:${portOf(proxy)}`;
    const env = { HTTPS_PROXY: address, HTTP_PROXY: address, NO_PROXY: '127.0.0.1' };
    // The client reads the variables when it is loaded: it gets a process of its own.
    expect(await sendApart('https://fulcio.acme.test/', env)).toBe('403 ');
    expect(tunnelled).toEqual(['fulcio.acme.test:443']);
    expect(await sendApart(`http://127.0.0.1:${portOf(target)}/`, env)).toBe('200 plain');
    for (const server of [target, proxy]) server.close();
  });

  it('end in time, and with an answer of bounded size', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/slow') return;
      response.writeHead(200);
      const write = () => {
        while (response.write(Buffer.alloc(64 * 1024)));
        response.once('drain', write);
      };
      write();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const at = (path: string) => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    const how = { method: 'GET', timeoutMillis: 300 } as const;
    await expect(exchange(at('/slow'), how, 'x')).rejects.toMatchObject({ code: 'TIMEOUT', exit: 5 });
    await expect(exchange(at('/endless'), { ...how, timeoutMillis: 10_000 }, 'x')).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
});

/** What `exchange` answers in another process. */
async function sendApart(url: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { exchange } from './src/lib/net/http.ts';
        exchange(new URL(${JSON.stringify(url)}), { method: 'GET', timeoutMillis: 5000 }, 'x').then(
          ({ status, body }) => process.stdout.write(status + ' ' + body));`,
      resolveDir: PACKAGE_ROOT,
    },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
  });
  const words = ['--input-type=module', '-e', outputFiles[0]?.text ?? ''];
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: PACKAGE_ROOT, env });
  return stdout;
}
