import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CustodyError } from '../base/errors.js';
import { ADMIN_PATH, administer } from './admin.js';
import type { Sandbox } from './sandbox.js';
import {
  type HttpRequest,
  type HttpResponse,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  MAX_S3_BODY_BYTES,
} from './wire/message.js';
import { isS3 } from './wire/s3-route.js';

export const LOOPBACK = '127.0.0.1';

export interface ServerOptions {
  readonly sandbox: Sandbox;
  /** 0, the default: any free port. */
  readonly port?: number;
  /** Nothing but 127.0.0.1 is served: the sandbox's keys and secrets are for this machine's rehearsals. */
  readonly host?: string;
  /** Bearer token of the administrative operations. */
  readonly token: string;
  /** Called when `POST /_custody/stop` asks for the end. */
  readonly onStop?: () => void;
}

export interface RunningServer {
  readonly endpoint: string;
  readonly port: number;
  /** Stops listening, lets running requests finish (at most `graceMillis`), then cuts what is left. */
  stop(graceMillis?: number): Promise<void>;
}

const REQUEST_MILLIS = 30_000;
const HEADERS_MILLIS = 10_000;
const GRACE_MILLIS = 2_000;
const MAX_CONNECTIONS = 512;

/**
 * Serves the sandbox over HTTP on loopback.
 * @throws CustodyError ENDPOINT_REFUSED for any other address, CONFLICT when the port is taken
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { sandbox, port = 0, host = LOOPBACK, token, onStop = () => undefined } = options;
  if (host !== LOOPBACK) {
    throw new CustodyError('ENDPOINT_REFUSED', `the sandbox listens on ${LOOPBACK} only, not on ${host}`);
  }
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: REQUEST_MILLIS, headersTimeout: HEADERS_MILLIS },
    (incoming, outgoing) => {
      answer(sandbox, incoming, { token, stop: onStop }).then(
        (response) => send(outgoing, response),
        () => outgoing.destroy(),
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, port);
  const { port: bound } = server.address() as AddressInfo;
  return { endpoint: `http://${LOOPBACK}:${bound}`, port: bound, stop: (grace) => stop(server, grace ?? GRACE_MILLIS) };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new CustodyError('CONFLICT', `the sandbox cannot listen on ${LOOPBACK}:${port}: ${cause.message}`, { cause }),
      );
    });
    server.listen(port, LOOPBACK, resolve);
  });
}

async function stop(server: Server, graceMillis: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMillis);
  await closed;
  clearTimeout(timer);
}

interface Admin {
  readonly token: string;
  readonly stop: () => void;
}

async function answer(sandbox: Sandbox, incoming: IncomingMessage, admin: Admin): Promise<HttpResponse> {
  const gone = new AbortController();
  const abort = () => gone.abort();
  const { socket } = incoming;
  socket.once('close', abort);
  try {
    return await answerTo(sandbox, incoming, admin, gone.signal);
  } finally {
    // A connection that is kept alive carries many requests.
    socket.off('close', abort);
  }
}

async function answerTo(
  sandbox: Sandbox,
  incoming: IncomingMessage,
  admin: Admin,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const head = { method: incoming.method ?? '', target: incoming.url ?? '', headers: headersOf(incoming) };
  const administrative = head.target.startsWith(ADMIN_PATH);
  const request: HttpRequest = {
    ...head,
    body: await readBody(incoming, !administrative && isS3(head) ? MAX_S3_BODY_BYTES : MAX_BODY_BYTES),
    sourceIp: incoming.socket.remoteAddress ?? LOOPBACK,
    signal,
  };
  // The answer to `stop` is sent before the server closes: closing lets running requests finish.
  return administrative ? administer(sandbox, request, admin) : sandbox.handle(request);
}

/** Repeated headers are joined as signatures want them, instead of dropped as Node's own `headers` does for some. */
function headersOf(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, values] of Object.entries(incoming.headersDistinct)) headers[name] = (values ?? []).join(',');
  return headers;
}

/** One byte more than is allowed is kept at most: the model answers that with its own error. */
async function readBody(incoming: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    if (length <= most) chunks.push(bytes);
    length += bytes.length;
    if (length > 8 * most) throw new CustodyError('LIMIT_EXCEEDED', 'the body does not end');
  }
  return Buffer.concat(chunks);
}

function send(outgoing: ServerResponse, { status, headers, body, cut }: HttpResponse): void {
  if (cut) {
    outgoing.socket?.resetAndDestroy();
    return;
  }
  outgoing.sendDate = false;
  outgoing.writeHead(status, { 'content-length': String(body.length), ...headers });
  outgoing.end(body);
}
