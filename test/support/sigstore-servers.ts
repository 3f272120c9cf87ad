import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { instantFromMillis } from '../../src/lib/base/time.js';
import type { Instance } from '../../src/lib/signing/sigstore/instance.js';
import { parseIdentityToken } from '../../src/lib/signing/sigstore/token.js';

/** Programs of the real thing; undefined where nobody installed one (see .ci/run). */
export const PEERS = {
  cosign: process.env.CUSTODY_PEER_COSIGN,
  fulcio: process.env.CUSTODY_PEER_FULCIO,
  rekor: process.env.CUSTODY_PEER_REKOR,
  tsa: process.env.CUSTODY_PEER_TSA,
};
export const MISSING = Object.entries(PEERS)
  .filter(([, path]) => !path)
  .map(([name]) => `CUSTODY_PEER_${name.toUpperCase()}`);

export const EMAIL = 'backup@acme.test';
const ORIGIN = 'rekor2.local.test';
const START_MILLIS = 60_000;

/** Fulcio, Rekor v2 and a timestamp authority as processes on loopback, and an OpenID provider that they trust. */
export class SigstoreServers {
  readonly dir = mkdtempSync(join(tmpdir(), 'custody-sigstore-'));
  readonly issuer: string;
  readonly #children: ChildProcess[] = [];
  readonly #said: string[] = [];
  readonly #tokenKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly #treeKey = generateKeyPairSync('ed25519');

  private constructor(
    private readonly provider: Server,
    private readonly ports: readonly number[],
  ) {
    this.issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  }

  static async start(): Promise<SigstoreServers> {
    let servers: SigstoreServers | undefined;
    const provider = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(servers?.discovery(request.url ?? '')));
    });
    await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
    servers = new SigstoreServers(provider, await freePorts(7));
    try {
      await servers.#spawnAll();
      return servers;
    } catch (cause) {
      await servers.stop();
      throw cause;
    }
  }

  get instance(): Instance & { readonly fulcioUrl: string; readonly tsaUrl: string } {
    const [fulcio = 0, , , rekor = 0, , , tsa = 0] = this.ports;
    return {
      fulcioUrl: `http://127.0.0.1:${fulcio}`,
      rekor: { url: `http://127.0.0.1:${rekor}`, api: 2 },
      tsaUrl: `http://127.0.0.1:${tsa}/api/v1/timestamp`,
    };
  }

  rawToken(email = EMAIL): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.issuer,
      aud: 'sigstore',
      sub: '1',
      email,
      email_verified: true,
      iat: now,
      exp: now + 600,
    };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${part(claims)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), this.#tokenKey.privateKey).toString('base64url')}`;
  }

  token = async () => parseIdentityToken(this.rawToken(), instantFromMillis(Date.now()));

  discovery(path: string): object {
    if (path === '/keys') {
      const jwk = this.#tokenKey.publicKey.export({ format: 'jwk' });
      return { keys: [{ ...jwk, kid: 'one', alg: 'RS256', use: 'sig' }] };
    }
    return {
      issuer: this.issuer,
      jwks_uri: `${this.issuer}/keys`,
      authorization_endpoint: `${this.issuer}/auth`,
      token_endpoint: `${this.issuer}/token`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
  }

  /** Assembled from what the servers say of themselves. @param log without it, timestamps alone are asked for */
  async trustedRoot(log = true): Promise<Buffer> {
    const { fulcioUrl, tsaUrl } = this.instance;
    const bundle = (await (await fetch(`${fulcioUrl}/api/v2/trustBundle`)).json()) as {
      chains: { certificates: string[] }[];
    };
    const tsaChain = await (await fetch(`${tsaUrl}/certchain`)).text();
    const validFor = { start: '2020-01-01T00:00:00Z' };
    const authority = (uri: string, pems: readonly string[]) => ({
      subject: { organization: 'acme', commonName: 'acme' },
      uri,
      certChain: { certificates: pems.map((pem) => ({ rawBytes: bodyOf(pem) })) },
      validFor,
    });
    const key = this.#treeKey.publicKey.export({ format: 'der', type: 'spki' });
    const logId = createHash('sha256').update(`${ORIGIN}\n\u0001`).update(key.subarray(-32)).digest('base64');
    const rekor = {
      baseUrl: `https://${ORIGIN}`,
      hashAlgorithm: 'SHA2_256',
      publicKey: { rawBytes: key.toString('base64'), keyDetails: 'PKIX_ED25519', validFor },
      logId: { keyId: logId },
    };
    const json = {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: log ? [rekor] : [],
      certificateAuthorities: bundle.chains.map(({ certificates }) => authority(fulcioUrl, certificates)),
      ctlogs: [],
      timestampAuthorities: [
        authority(
          tsaUrl,
          tsaChain.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [],
        ),
      ],
    };
    return Buffer.from(JSON.stringify(json));
  }

  signingConfig(): Buffer {
    const { fulcioUrl, rekor, tsaUrl } = this.instance;
    const service = (url: string, majorApiVersion: number) => ({
      url,
      majorApiVersion,
      validFor: { start: '2020-01-01T00:00:00Z' },
      operator: 'acme',
    });
    return Buffer.from(
      JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
        caUrls: [service(fulcioUrl, 1)],
        oidcUrls: [service(this.issuer, 1)],
        rekorTlogUrls: [service(rekor?.url ?? '', 2)],
        rekorTlogConfig: { selector: 'ANY' },
        tsaUrls: [service(tsaUrl, 1)],
        tsaConfig: { selector: 'ANY' },
      }),
    );
  }

  async stop(): Promise<void> {
    const ended = this.#children.map((child) =>
      child.exitCode === null ? new Promise((done) => child.once('exit', done)) : undefined,
    );
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all(ended);
    this.provider.closeAllConnections();
    await new Promise((done) => this.provider.close(done));
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #spawnAll(): Promise<void> {
    const ports = this.ports.map(String);
    const [http = '', grpc = '', metrics = '', rekorHttp = '', rekorGrpc = '', rekorMetrics = '', tsa = ''] = ports;
    const config = join(this.dir, 'fulcio.json');
    const OIDCIssuers = { [this.issuer]: { IssuerURL: this.issuer, ClientID: 'sigstore', Type: 'email' } };
    writeFileSync(config, JSON.stringify({ OIDCIssuers }));
    const key = join(this.dir, 'rekor.pem');
    writeFileSync(key, this.#treeKey.privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    const host = ['--host', '127.0.0.1'];
    this.#spawn(PEERS.fulcio, [
      ...['serve', '--ca', 'ephemeralca', '--ct-log-url', '', '--config-path', config, ...host, '--port', http],
      ...['--grpc-host', '127.0.0.1', '--grpc-port', grpc, '--metrics-port', metrics],
      ...['--legacy-unix-domain-socket', join(this.dir, 'fulcio.sock')],
    ]);
    this.#spawn(PEERS.rekor, [
      ...['serve', '--storage-dir', join(this.dir, 'tiles'), '--signer-filepath', key, '--hostname', ORIGIN],
      ...['--http-port', rekorHttp, '--grpc-port', rekorGrpc, '--http-metrics-port', rekorMetrics],
      ...['--checkpoint-interval', '1s', '--batch-max-age', '50ms'],
    ]);
    this.#spawn(PEERS.tsa, [
      'serve',
      ...host,
      '--port',
      tsa,
      '--timestamp-signer',
      'memory',
      '--disable-ntp-monitoring',
    ]);
    const { fulcioUrl, rekor, tsaUrl } = this.instance;
    await this.#answering(`${fulcioUrl}/api/v2/trustBundle`);
    await this.#answering(`${tsaUrl}/certchain`);
    await this.#answering(`${rekor?.url}/api/v2/checkpoint`);
  }

  #spawn(program: string | undefined, words: readonly string[]): void {
    const env = { PATH: process.env.PATH, HOME: this.dir };
    const child = spawn(String(program), words, { cwd: this.dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => this.#said.push(String(text)));
    this.#children.push(child);
  }

  async #answering(url: string): Promise<void> {
    for (const until = Date.now() + START_MILLIS; Date.now() < until; ) {
      const dead = this.#children.find(({ exitCode }) => exitCode !== null);
      if (dead) throw new Error(`${dead.spawnfile} ended: ${this.#said.join('').slice(-4000)}`);
      const status = await fetch(url).then(
        ({ status }) => status,
        () => 0,
      );
      // A new log has no checkpoint yet, and says so.
      if (status > 0) return;
      await wait(50);
    }
    throw new Error(`${url} does not answer: ${this.#said.join('').slice(-4000)}`);
  }
}

/** Ports that were free a moment ago; taken together, so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const holders = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createTcp();
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return server;
    }),
  );
  const ports = holders.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(holders.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

function bodyOf(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, '');
}

export function publicPem(spki: Buffer): string {
  return createPublicKey({ key: spki, format: 'der', type: 'spki' }).export({ format: 'pem', type: 'spki' }).toString();
}
