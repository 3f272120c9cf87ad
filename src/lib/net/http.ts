import fetch from 'make-fetch-happen';
import { CustodyError, type ErrorCode } from '../base/errors.js';

/** One request; HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly timeoutMillis: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * Sends a request once and reads the whole answer, whatever its status. No redirect is followed: where a token or a
 * signature goes is decided here, not by who answers.
 * @param what whom it goes to, for messages; neither URL query, headers nor body are ever in one
 * @throws CustodyError REMOTE_UNREACHABLE, TIMEOUT, LIMIT_EXCEEDED
 */
export async function exchange(url: URL, request: HttpRequest, what: string): Promise<HttpAnswer> {
  const { timeoutMillis, ...rest } = request;
  const fixed = { redirect: 'manual', cache: 'no-store', retry: false } as const;
  try {
    const answer = await fetch(url.href, { ...rest, ...fixed, timeout: timeoutMillis });
    const body = await readBounded(answer.body, url, what);
    return { status: answer.status, contentType: answer.headers.get('content-type') ?? '', body };
  } catch (cause) {
    throw cause instanceof CustodyError ? cause : networkError(cause, url, what);
  }
}

async function readBounded(stream: AsyncIterable<Buffer>, url: URL, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new CustodyError('LIMIT_EXCEEDED', `${what} at ${url.host} answers endlessly`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What the network said, without what we had sent. */
export function networkError(cause: unknown, url: URL, what: string): CustodyError {
  const [code, type] = [fieldOf(cause, 'code'), fieldOf(cause, 'type')];
  const late = /TIMEOUT|timeout/.test(`${code} ${type}`);
  const found = late ? 'no answer in time' : /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'the connection failed';
  return new CustodyError(
    late ? 'TIMEOUT' : 'REMOTE_UNREACHABLE',
    `${what} at ${url.host} cannot be reached: ${found}`,
    {
      details: { host: url.host },
      suggestions: ['Check the network and HTTPS_PROXY, then run it again.'],
    },
  );
}

function fieldOf(cause: unknown, name: string): string {
  const found: unknown = typeof cause === 'object' && cause !== null ? Reflect.get(cause, name) : undefined;
  return typeof found === 'string' ? found : '';
}

/** An HTTP status that is no success, as one of our codes: what it means for who runs the command. */
export function statusError(status: number, url: URL, what: string, said = ''): CustodyError {
  const code: ErrorCode =
    status === 401 || status === 403
      ? 'DENIED'
      : status === 409
        ? 'CONFLICT'
        : status === 429
          ? 'THROTTLED'
          : status >= 500 || status === 408
            ? 'UNAVAILABLE'
            : 'REFUSED';
  const because = said === '' ? '' : `: ${said.slice(0, 300)}`;
  return new CustodyError(code, `${what} at ${url.host} answered ${status}${because}`, {
    details: { host: url.host, status },
  });
}
