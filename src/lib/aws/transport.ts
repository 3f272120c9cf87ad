import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { KMSClient, KMSClientConfig } from '@aws-sdk/client-kms';
import { CustodyError } from '../base/errors.js';
import { assertTarget, type EndpointKind } from './endpoint.js';
import { parseHttpDate } from './server-time.js';
import { traceOf } from './trace.js';

/** What the SDK takes as `requestHandler`: a handler, or options for its own. */
export type RequestHandlerInput = NonNullable<KMSClientConfig['requestHandler']>;
/** The SDK's request handler. */
export type RequestHandler = KMSClient['config']['requestHandler'];
type HttpRequest = Parameters<RequestHandler['handle']>[0];
type HttpOptions = Parameters<RequestHandler['handle']>[1];
type HttpAnswer = Awaited<ReturnType<RequestHandler['handle']>>;

const MAX_SOCKETS = 50;

/**
 * Every request of every client goes through here, those for credentials too: the target is looked at as it is on the
 * wire (T60), the time is limited, and the call's trace learns what was sent and when AWS answered.
 */
export function guard(inner: RequestHandler, kind: EndpointKind, timeoutMillis: number): RequestHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: HttpRequest, options: HttpOptions = {}): Promise<HttpAnswer> {
      assertTarget(kind, request);
      const trace = traceOf(request.headers);
      trace?.assertBody?.(request.body);
      if (trace) trace.sent = true;
      const signal = AbortSignal.timeout(timeoutMillis);
      const answer = await inTime(inner.handle(request, { ...options, abortSignal: signal }), signal, timeoutMillis);
      if (trace) trace.serverTime = parseHttpDate(headerOf(answer.response, 'date'));
      return answer;
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => inner.destroy?.(),
  };
}

/** A handler that ignores the signal must not hold us either. */
async function inTime<T>(work: Promise<T>, signal: AbortSignal, timeoutMillis: number): Promise<T> {
  const timeout = () => new CustodyError('TIMEOUT', `no answer in ${timeoutMillis / 1000} s`);
  return await new Promise<T>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(timeout()), { once: true });
    work.then(resolve, (cause: unknown) => reject(signal.aborted ? timeout() : cause));
  });
}

function headerOf(response: HttpAnswer['response'], name: string): string | undefined {
  const headers: Readonly<Record<string, string>> = response.headers;
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

/** Options for the SDK's own handler. @param kind for `aws`, only Node's bundled public authorities are trusted */
export function socketOptions(kind: EndpointKind): RequestHandlerInput {
  const common = { keepAlive: true, maxSockets: MAX_SOCKETS };
  if (kind === 'sandbox') return { httpAgent: new HttpAgent(common), httpsAgent: new HttpsAgent(common) };
  return { httpsAgent: new HttpsAgent({ ...common, ...publicTrust() }) };
}

/**
 * The certificate authorities that Node ships, said explicitly: then neither NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, a
 * system store nor NODE_TLS_REJECT_UNAUTHORIZED has a say (Node's TLS documentation, `ca` and `rejectUnauthorized`).
 */
function publicTrust() {
  const secureContext = createSecureContext({ ca: [...rootCertificates], minVersion: 'TLSv1.2' });
  return { secureContext, rejectUnauthorized: true };
}
