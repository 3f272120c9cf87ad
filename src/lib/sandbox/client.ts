import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { CustodyError, type ErrorCode } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { type Instant, isInstant } from '../base/time.js';
import { ADMIN_PATH } from './admin.js';
import { LOOPBACK } from './server.js';

const TIMEOUT_MILLIS = 10_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Where the administrative operations of a running sandbox are. */
export interface AdminAddress {
  readonly port: number;
  /** Absent: only what everyone may ask. */
  readonly token?: string;
}

export interface SandboxTime {
  readonly now: Instant;
  readonly offsetSeconds: number;
  readonly account: string;
}

/**
 * What time it is in the sandbox that listens on this port of 127.0.0.1.
 * @throws CustodyError UNAVAILABLE when nothing, or something else, answers there
 */
export async function readSandboxTime(port: number, timeoutMillis = TIMEOUT_MILLIS): Promise<SandboxTime> {
  const { now, offsetSeconds, account } = await callAdmin({ port }, 'GET', 'clock', undefined, timeoutMillis);
  if (isInstant(now) && typeof offsetSeconds === 'number' && typeof account === 'string') {
    return { now, offsetSeconds, account };
  }
  throw new CustodyError('UNAVAILABLE', `what listens on ${LOOPBACK}:${port} is no custody sandbox`);
}

/** The bearer token in a sandbox's directory. @throws CustodyError NOT_FOUND */
export function readToken(dir: string): string {
  try {
    return readFileSync(join(dir, 'token'), 'utf8').trim();
  } catch (cause) {
    throw new CustodyError('NOT_FOUND', `${dir} is not the directory of a sandbox`, { cause });
  }
}

/**
 * One administrative operation over HTTP.
 * @throws CustodyError UNAVAILABLE without an answer, DENIED for a wrong token, USAGE for an input that is refused
 */
export async function callAdmin(
  { port, token }: AdminAddress,
  method: 'GET' | 'POST' | 'DELETE',
  name: string,
  input?: Readonly<Record<string, unknown>>,
  timeoutMillis = TIMEOUT_MILLIS,
): Promise<Record<string, unknown>> {
  const { status, text } = await send(port, method, name, input, token, timeoutMillis);
  const answer = parse(text, port);
  if (status === 200) return answer;
  const error = isObject(answer.error) ? answer.error : {};
  throw new CustodyError(codeOf(status), `the sandbox refused ${name}: ${String(error.message ?? status)}`);
}

function codeOf(status: number): ErrorCode {
  if (status === 401) return 'DENIED';
  return status >= 500 ? 'UNAVAILABLE' : 'USAGE';
}

function parse(text: string, port: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {}
  throw new CustodyError('UNAVAILABLE', `what listens on ${LOOPBACK}:${port} is no custody sandbox`);
}

function send(
  port: number,
  method: string,
  name: string,
  input: Readonly<Record<string, unknown>> | undefined,
  token: string | undefined,
  timeoutMillis: number,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(timeoutMillis);
    const failed = (cause: unknown): void => {
      reject(new CustodyError('UNAVAILABLE', `no sandbox answers on ${LOOPBACK}:${port}`, { cause }));
    };
    const options = { host: LOOPBACK, port, method, path: `${ADMIN_PATH}${name}`, headers, signal, agent: false };
    const outgoing = request(options, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_ANSWER_BYTES) incoming.destroy(new Error('the answer does not end'));
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
      incoming.on('error', failed);
    });
    outgoing.on('error', failed);
    outgoing.end(input === undefined ? undefined : JSON.stringify(input));
  });
}
