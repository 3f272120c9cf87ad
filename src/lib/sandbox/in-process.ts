import { Readable } from 'node:stream';
import type { Sandbox } from './sandbox.js';
import type { HttpRequest } from './wire/message.js';
import { uriEncode } from './wire/sigv4.js';

/** What AWS's SDK for JavaScript v3 hands to a request handler (Smithy's HttpRequest), as far as it is read here. */
export interface SmithyRequest {
  readonly method: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface SmithyOptions {
  /** `unknown` members of the SDK's own AbortSignal type do not matter here. */
  readonly abortSignal?: { readonly aborted: boolean };
  readonly requestTimeout?: number;
}

export interface SmithyResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

/** A Smithy `requestHandler`: give it to an SDK client and its calls run on the model, without a socket. */
export interface InProcessHandler {
  readonly metadata: { readonly handlerProtocol: string };
  handle(request: SmithyRequest, options?: SmithyOptions): Promise<{ response: SmithyResponse }>;
  updateHttpClientConfig(key: never, value: never): void;
  httpHandlerConfigs(): Record<string, never>;
  destroy(): void;
}

/** A request handler for AWS SDK clients that reaches the model without sockets. */
export function createInProcessHandler(sandbox: Sandbox): InProcessHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (request, options = {}) => {
      const signal = signalOf(options);
      if (signal.aborted) throw aborted();
      const answer = await sandbox.handle({ ...(await toRequest(request)), signal });
      if (signal.aborted) throw aborted();
      if (answer.cut) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      const { status, headers, body } = answer;
      return { response: { statusCode: status, headers: { ...headers }, body: Readable.from([body]) } };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  };
}

function signalOf({ abortSignal, requestTimeout }: SmithyOptions): AbortSignal {
  const signals: AbortSignal[] = [];
  if (abortSignal instanceof AbortSignal) signals.push(abortSignal);
  else if (abortSignal?.aborted) signals.push(AbortSignal.abort());
  if (requestTimeout !== undefined && requestTimeout > 0) signals.push(AbortSignal.timeout(requestTimeout));
  return AbortSignal.any(signals);
}

function aborted(): Error {
  return Object.assign(new Error('Request aborted'), { name: 'AbortError' });
}

async function toRequest({ method, hostname, port, path, query, headers, body }: SmithyRequest): Promise<HttpRequest> {
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    method,
    target: `${path === '' ? '/' : path}${formatQuery(query ?? {})}`,
    headers: { host: port === undefined ? hostname : `${hostname}:${port}`, ...named },
    body: await collect(body),
    sourceIp: '127.0.0.1',
  };
}

function formatQuery(query: Readonly<Record<string, string | readonly string[] | null>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value ?? ''].flat().map((item) => `${uriEncode(name)}=${uriEncode(item)}`),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

async function collect(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  if (body instanceof Uint8Array) return body;
  if (!(body instanceof Readable)) throw new TypeError('the in-process handler takes text, bytes or a stream as body');
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
