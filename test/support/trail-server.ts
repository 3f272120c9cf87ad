import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type StoredObject, TRAIL_BUCKET, type TrailSigner } from './trail-fixture.js';

export interface TrailServer {
  readonly url: string;
  /** Requests so far, `GET /bucket/…` and `ListPublicKeys`. */
  readonly asked: string[];
  close(): Promise<void>;
}

/**
 * As much of S3 and CloudTrail as a validation of log files asks for: where the bucket stands, lists of both versions with
 * pages of `pageSize`, objects with their metadata, and the public keys.
 */
export async function serveTrail(
  objects: ReadonlyMap<string, StoredObject>,
  signers: readonly TrailSigner[],
  pageSize = 1000,
): Promise<TrailServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    request.resume();
    if (request.method === 'POST') return answerKeys(request, response, signers, asked);
    asked.push(`GET ${url.pathname}`);
    const key = decodeURIComponent(url.pathname.slice(TRAIL_BUCKET.length + 2));
    if (url.searchParams.has('location')) return xml(response, '<LocationConstraint>eu-central-1</LocationConstraint>');
    if (key === '') return xml(response, listing(objects, url.searchParams, pageSize));
    const found = objects.get(key);
    if (found === undefined) return xml(response, '<Error><Code>NoSuchKey</Code><Message>none</Message></Error>', 404);
    for (const [name, value] of Object.entries(found.metadata)) response.setHeader(`x-amz-meta-${name}`, value);
    response.setHeader('content-length', found.bytes.length);
    response.end(found.bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, asked, close };
}

function xml(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>${body}`);
}

function listing(objects: ReadonlyMap<string, StoredObject>, query: URLSearchParams, pageSize: number): string {
  const after = query.get('continuation-token') ?? query.get('start-after') ?? query.get('marker') ?? '';
  const prefix = query.get('prefix') ?? '';
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, pageSize);
  const more = keys.length > page.length;
  const next = more
    ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken><NextMarker>${page.at(-1)}</NextMarker>`
    : '';
  const items = page.map(
    (key) => `<Contents><Key>${key}</Key><Size>${objects.get(key)?.bytes.length}</Size></Contents>`,
  );
  return `<ListBucketResult><Name>${TRAIL_BUCKET}</Name><IsTruncated>${more}</IsTruncated>${next}${items.join('')}</ListBucketResult>`;
}

function answerKeys(
  request: IncomingMessage,
  response: ServerResponse,
  signers: readonly TrailSigner[],
  asked: string[],
): void {
  asked.push(String(request.headers['x-amz-target']).split('.').at(-1) ?? '');
  const PublicKeyList = signers.map(({ der, fingerprint }) => ({
    Value: der.toString('base64'),
    Fingerprint: fingerprint,
    ValidityStartTime: Date.parse('2026-02-01T00:00:00Z') / 1000,
    ValidityEndTime: Date.parse('2026-04-01T00:00:00Z') / 1000,
  }));
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify({ PublicKeyList }));
}
