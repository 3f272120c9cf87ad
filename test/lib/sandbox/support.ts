import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../../src/lib/sandbox/sandbox.js';
import { createMemoryStore } from '../../../src/lib/sandbox/state.js';
import type { HttpRequest, HttpResponse } from '../../../src/lib/sandbox/wire/message.js';

export const REGION = 'eu-central-1';
export const ACCOUNT = '000000000000';
export const EXECUTOR = `arn:aws:iam::${ACCOUNT}:role/custody-executor`;
export const START = Date.UTC(2026, 0, 31, 9);

export interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A sandbox on a wall clock that stands still until `move`. */
export function openSandbox(options: Partial<SandboxOptions> = {}) {
  let wall = START;
  const bugs: unknown[] = [];
  const sandbox = createSandbox({
    store: createMemoryStore(),
    wallMillis: () => wall,
    onBug: (cause) => bugs.push(cause),
    ...options,
  });
  return {
    sandbox,
    bugs,
    move: (seconds: number) => {
      wall += seconds * 1000;
    },
  };
}

export function keyOf(sandbox: Sandbox, profile: string): Key {
  const found = sandbox.profiles().find((item) => item.name === profile);
  if (!found) throw new Error(`no profile ${profile}`);
  return { accessKeyId: found.accessKeyId, secretAccessKey: found.secretAccessKey };
}

class Sha256 {
  #hash: Hash | Hmac;
  readonly #secret: Parameters<typeof createHmac>[1] | undefined;
  constructor(secret?: unknown) {
    this.#secret = secret as Parameters<typeof createHmac>[1] | undefined;
    this.#hash = this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {
    this.#hash = this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

export interface Signing {
  readonly key: Key;
  readonly service: string;
  readonly region?: string;
  readonly atMillis?: number;
}

/** `request` signed by AWS's own signer. */
export async function sign(request: Omit<HttpRequest, 'sourceIp'>, signing: Signing): Promise<HttpRequest> {
  const { key, service, region = REGION, atMillis = START } = signing;
  const signer = new SignatureV4({ service, region, credentials: key, sha256: Sha256 as never });
  const [path = '/', query = ''] = request.target.split('?');
  const pairs = query === '' ? [] : query.split('&').map((pair) => pair.split('=').map(decodeURIComponent));
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      path,
      query: Object.fromEntries(pairs.map(([name, value]) => [name, value ?? ''])),
      headers: { host: '127.0.0.1', ...request.headers },
      body: request.body,
    } as never,
    { signingDate: new Date(atMillis) },
  );
  return {
    ...request,
    headers: lower((signed as unknown as { headers: Record<string, string> }).headers),
    sourceIp: '127.0.0.1',
  };
}

function lower(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

const JSON_TARGETS: Readonly<Record<string, string>> = {
  kms: 'TrentService',
  cloudtrail: 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101',
};

/** An unsigned request in the form of the service. */
export function requestOf(
  service: string,
  operation: string,
  input: Record<string, unknown> = {},
): Omit<HttpRequest, 'sourceIp'> {
  const query = service === 'sts' || service === 'iam';
  const version = service === 'sts' ? '2011-06-15' : '2010-05-08';
  const form = new URLSearchParams({ Action: operation, Version: version, ...(query ? flatten(input) : {}) });
  return {
    method: 'POST',
    target: '/',
    headers: query
      ? { 'content-type': 'application/x-www-form-urlencoded' }
      : { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${JSON_TARGETS[service]}.${operation}` },
    body: Buffer.from(query ? form.toString() : JSON.stringify(input)),
  };
}

function flatten(value: unknown, path = ''): Record<string, string> {
  const at = path === '' ? '' : `${path}.`;
  if (Array.isArray(value)) {
    return Object.assign({}, ...value.map((item, index) => flatten(item, `${at}member.${index + 1}`)));
  }
  if (typeof value !== 'object' || value === null) return { [path]: String(value) };
  return Object.assign({}, ...Object.entries(value).map(([name, item]) => flatten(item, `${at}${name}`)));
}

export interface Answer {
  readonly status: number;
  /** The error's code, null for success. */
  readonly code: string | null;
  readonly text: string;
  readonly response: HttpResponse;
  /** Text of the first XML element of this name. */
  element(name: string): string;
}

export async function call(
  sandbox: Sandbox,
  signing: Signing,
  operation: string,
  input: Record<string, unknown> = {},
): Promise<Answer> {
  const at = { atMillis: sandbox.nowMillis(), ...signing };
  return answerOf(await sandbox.handle(await sign(requestOf(signing.service, operation, input), at)));
}

export function answerOf(response: HttpResponse): Answer {
  const text = response.body.toString('utf8');
  return {
    status: response.status,
    code: response.headers['x-amzn-errortype'] ?? null,
    text,
    response,
    element: (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '',
  };
}

/** AssumeRole of the executor, as a seat does it. */
export async function assume(sandbox: Sandbox, profile: string, input: Record<string, unknown> = {}) {
  const key = keyOf(sandbox, profile);
  return assumeWith(sandbox, key, { RoleArn: EXECUTOR, RoleSessionName: 'work', DurationSeconds: 900, ...input });
}

export async function assumeWith(sandbox: Sandbox, key: Key, input: Record<string, unknown>) {
  const answer = await call(sandbox, { key, service: 'sts' }, 'AssumeRole', input);
  const session: Key = {
    accessKeyId: answer.element('AccessKeyId'),
    secretAccessKey: answer.element('SecretAccessKey'),
    sessionToken: answer.element('SessionToken'),
  };
  return { answer, session };
}
