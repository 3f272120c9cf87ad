import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { rawToken } from './sigstore-world.js';

/** An OpenID provider on loopback whose user always agrees, and which checks PKCE. */
export class OpenIdProvider {
  /** Claims that replace those of the next token. */
  claims: JsonObject = {};
  /** What the token endpoint answers in place of a token. */
  refuses: string | null = null;
  /** Polls of a device that are answered with "not yet". */
  pendingPolls = 1;
  readonly #codes = new Map<string, { readonly challenge: string; readonly nonce: string | undefined }>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<OpenIdProvider> {
    let provider: OpenIdProvider | undefined;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const url = new URL(request.url ?? '/', 'http://localhost');
        const [status, body, location] = provider?.answer(url, new URLSearchParams(String(Buffer.concat(chunks)))) ?? [
          500,
          {},
        ];
        response.writeHead(status, { 'content-type': 'application/json', ...(location && { location }) });
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    provider = new OpenIdProvider(server);
    return provider;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(() => done()));
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  answer(url: URL, form: URLSearchParams): [number, object, string?] {
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return [200, this.#discovery()];
      case '/auth':
        return this.#authorize(url.searchParams);
      case '/device/code':
        return this.#device(form);
      case '/token':
        return this.#token(form);
      default:
        return [404, {}];
    }
  }

  #discovery() {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/auth`,
      token_endpoint: `${this.issuer}/token`,
      device_authorization_endpoint: `${this.issuer}/device/code`,
      jwks_uri: `${this.issuer}/keys`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
  }

  #authorize(asked: URLSearchParams): [number, object, string] {
    const code = this.#issue(asked);
    const back = new URL(asked.get('redirect_uri') ?? '');
    back.searchParams.set('state', asked.get('state') ?? '');
    back.searchParams.set('code', code);
    return [302, {}, back.href];
  }

  #issue(asked: URLSearchParams): string {
    if (asked.get('code_challenge_method') !== 'S256') throw new Error('no PKCE S256');
    const code = `code-${this.#codes.size}`;
    this.#codes.set(code, { challenge: asked.get('code_challenge') ?? '', nonce: asked.get('nonce') ?? undefined });
    return code;
  }

  #device(form: URLSearchParams): [number, object] {
    const device_code = this.#issue(form);
    return [
      200,
      {
        device_code,
        user_code: 'ABCD-EFGH',
        verification_uri: `${this.issuer}/device`,
        expires_in: 60,
        interval: 0.05,
      },
    ];
  }

  #token(form: URLSearchParams): [number, object] {
    if (this.refuses !== null) return [400, { error: this.refuses, error_description: `secret ${rawToken()}` }];
    const device = form.get('device_code');
    if (device !== null && this.pendingPolls-- > 0) return [400, { error: 'authorization_pending' }];
    const issued = this.#codes.get(device ?? form.get('code') ?? '');
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (issued?.challenge !== proof) return [400, { error: 'invalid_grant' }];
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.issuer, iat: now, email: 'ann@acme.test', email_verified: true, ...this.claims };
    const id_token = rawToken({ ...(issued.nonce !== undefined && { nonce: issued.nonce }), ...claims });
    return [200, { access_token: 'unused', token_type: 'bearer', expires_in: 60, id_token }];
  }
}
