import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  fulcioHandler,
  type HandlerFn,
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
  rekorHandler,
  tsaHandler,
} from '@sigstore/mock';
import { encodeBase64, sha256 } from '../../src/lib/base/bytes.js';
import { formatCanonical, type JsonObject } from '../../src/lib/base/canonical-json.js';
import { instantFromMillis } from '../../src/lib/base/time.js';
import type { Instance } from '../../src/lib/signing/sigstore/instance.js';
import { parseIdentityToken } from '../../src/lib/signing/sigstore/token.js';

export const ISSUER = 'https://issuer.local.test';
export const SUBJECT = 'https://github.com/acme/keys/.github/workflows/backup.yml@refs/heads/main';
const START = '2020-01-01T00:00:00Z';

interface Parts {
  readonly ca: Awaited<ReturnType<typeof initializeCA>>;
  readonly ctLog: Awaited<ReturnType<typeof initializeCTLog>>;
  readonly tLog: Awaited<ReturnType<typeof initializeTLog>>;
  readonly tsa: Awaited<ReturnType<typeof initializeTSA>>;
}

/**
 * A Sigstore instance on loopback: Fulcio, certificate log, Rekor v1 and TSA are sigstore-js's own mocks; Rekor v2 is
 * ours, since the mock's entries are not those of the real one (the real one is in test/interop).
 */
export class SigstoreWorld {
  /** What was sent to the logs. */
  readonly logged: string[] = [];
  /** Answers in place of a service's, by path. */
  readonly faults = new Map<string, { readonly status: number; readonly body: string }>();
  readonly #tree = generateKeyPairSync('ed25519');

  private constructor(
    readonly port: number,
    private readonly server: Server,
    private readonly parts: Parts,
  ) {}

  static async start(): Promise<SigstoreWorld> {
    let handle: (path: string, body: string) => Promise<{ status: number; body: string | Buffer; type: string }>;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', async () => {
        const { status, body, type } = await handle(request.url ?? '', Buffer.concat(chunks).toString('utf8'));
        response.writeHead(status, { 'content-type': type }).end(body);
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
    const ctLog = await initializeCTLog(ec('P-256'));
    // The timestamp library wants no fractions of a second but of three digits.
    const clock = new Date(0);
    const tsa = await initializeTSA(ec('P-384'), clock);
    const ca = await initializeCA(ec('P-384'), ctLog);
    const tLog = await initializeTLog(`http://127.0.0.1:${port}`, ec('P-256'));
    const world = new SigstoreWorld(port, server, { ca, ctLog, tLog, tsa });
    const handlers = new Map<string, HandlerFn>();
    for (const { path, fn } of [fulcioHandler(ca), rekorHandler(tLog), tsaHandler(tsa)]) handlers.set(path, fn);
    const rekor1 = handlers.get('/api/v1/log/entries');
    if (rekor1) handlers.set('/api/v1/log/entries', (body) => rekor1(canonicalEntry(body)));
    handlers.set('/api/v2/log/entries', async (body) => world.#rekor2(body));
    handle = async (path, body) => {
      const fault = world.faults.get(path);
      if (fault) return { ...fault, type: 'application/json' };
      if (path.endsWith('/log/entries')) world.logged.push(body);
      clock.setTime(Math.floor(Date.now() / 1000) * 1000);
      const found = await handlers.get(path)?.(body);
      if (!found) return { status: 404, body: '', type: 'text/plain' };
      const { statusCode, response, contentType } = found;
      const bytes =
        typeof response === 'string'
          ? response
          : Buffer.from(response.buffer, response.byteOffset, response.byteLength);
      return { status: statusCode, body: bytes, type: contentType ?? 'text/plain' };
    };
    return world;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(() => done()));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  instance(api: 1 | 2 | null, tsa = true): Instance {
    return {
      fulcioUrl: this.url,
      ...(api !== null && { rekor: { url: this.url, api } }),
      ...(tsa && { tsaUrl: `${this.url}/api/v1/timestamp` }),
    };
  }

  /** An unsigned token: the mock reads claims alone. */
  token(claims: JsonObject = {}) {
    return parseIdentityToken(rawToken(claims), instantFromMillis(Date.now()));
  }

  /** The trusted root as JSON, to be changed by tests. @param api the log in it */
  rootJson(api: 1 | 2 | null): TrustedRootJson {
    const { ca, ctLog, tLog, tsa } = this.parts;
    const validFor = { start: START };
    const chain = (...certificates: ArrayBufferView[]) => ({
      certChain: { certificates: certificates.map((bytes) => ({ rawBytes: base64(bytes) })) },
      validFor,
    });
    const log = (key: Buffer, keyDetails: string, keyId: Buffer) => ({
      baseUrl: this.url,
      hashAlgorithm: 'SHA2_256',
      publicKey: { rawBytes: encodeBase64(key), keyDetails, validFor },
      logId: { keyId: encodeBase64(keyId) },
    });
    const v1 = () => log(tLog.publicKey, 'PKIX_ECDSA_P256_SHA_256', sha256(tLog.publicKey));
    const v2 = () => log(spki(this.#tree.publicKey), 'PKIX_ED25519', this.#treeId());
    return {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: api === null ? [] : [api === 1 ? v1() : v2()],
      certificateAuthorities: [chain(ca.rootCertificate)],
      ctlogs: [log(ctLog.publicKey, 'PKIX_ECDSA_P256_SHA_256', Buffer.from(base64(ctLog.logID), 'base64'))],
      timestampAuthorities: [chain(tsa.intCertificate, tsa.rootCertificate)],
    };
  }

  root(api: 1 | 2 | null): Buffer {
    return Buffer.from(JSON.stringify(this.rootJson(api)));
  }

  #rekor2(body: string) {
    const { hashedRekordRequestV002: asked } = JSON.parse(body) as {
      hashedRekordRequestV002: { digest: string; signature: JsonObject };
    };
    const data = { algorithm: 'SHA2_256', digest: asked.digest };
    const leaf = formatCanonical({
      apiVersion: '0.0.2',
      kind: 'hashedrekord',
      spec: { hashedRekordV002: { data, signature: asked.signature } },
    });
    return Promise.resolve({
      statusCode: 201,
      contentType: 'application/json',
      response: JSON.stringify(this.entry2(Buffer.from(leaf))),
    });
  }

  /** An entry of a tree of one leaf, with gRPC's nulls and zeros. */
  entry2(leaf: Buffer, signedAs = `127.0.0.1:${this.port}`) {
    const root = createHash('sha256')
      .update(Buffer.from([0]))
      .update(leaf)
      .digest();
    const note = `127.0.0.1:${this.port}\n1\n${encodeBase64(root)}\n`;
    const signed = Buffer.concat([this.#treeId().subarray(0, 4), sign(null, Buffer.from(note), this.#tree.privateKey)]);
    return {
      logIndex: '0',
      logId: { keyId: encodeBase64(this.#treeId()) },
      kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
      integratedTime: '0',
      inclusionPromise: null,
      inclusionProof: {
        logIndex: '0',
        rootHash: encodeBase64(root),
        treeSize: '1',
        hashes: [],
        checkpoint: { envelope: `${note}\n\u2014 ${signedAs} ${encodeBase64(signed)}\n` },
      },
      canonicalizedBody: encodeBase64(leaf),
    };
  }

  /** C2SP signed-note: SHA-256 of name, newline, 0x01 and the key. */
  #treeId(): Buffer {
    const key = spki(this.#tree.publicKey).subarray(-32);
    return sha256(Buffer.concat([Buffer.from(`127.0.0.1:${this.port}\n\u0001`), key]));
  }
}

/** What the real Rekor v1 makes of a proposed dsse entry: hashes, signature and key. The mock stores what it is sent. */
function canonicalEntry(body: string): string {
  const proposed = JSON.parse(body) as {
    kind: string;
    apiVersion: string;
    spec: { proposedContent: { envelope: string; verifiers: string[] } };
  };
  if (proposed.kind !== 'dsse') return body;
  const { envelope, verifiers } = proposed.spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope) as { payload: string; signatures: { sig: string }[] };
  const hash = (bytes: Buffer | string) => ({ algorithm: 'sha256', value: sha256(bytes).toString('hex') });
  const spec = {
    envelopeHash: hash(envelope),
    payloadHash: hash(Buffer.from(payload, 'base64')),
    signatures: signatures.map(({ sig }, at) => ({ signature: sig, verifier: verifiers[at] })),
  };
  return JSON.stringify({ kind: proposed.kind, apiVersion: proposed.apiVersion, spec });
}

export interface TrustedRootJson {
  mediaType: string;
  tlogs: { publicKey: { validFor?: { start?: string; end?: string } }; [name: string]: unknown }[];
  certificateAuthorities: object[];
  ctlogs: object[];
  timestampAuthorities: object[];
}

export function rawToken(claims: JsonObject = {}): string {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const all = { iss: ISSUER, aud: 'sigstore', sub: SUBJECT, exp, ...claims };
  const part = (value: JsonObject) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(all)}.c2lnbmF0dXJl`;
}

const base64 = (view: ArrayBufferView) => Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');
const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' });
